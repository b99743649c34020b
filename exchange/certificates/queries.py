"""Every SELECT of certificates."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.certificates.models import Certificate, CertificateKey


async def of_version(session: AsyncSession, record: UUID, version: int) -> Certificate | None:
    """The certificate of a version of a record."""
    statement = select(Certificate).where(Certificate.record_id == record, Certificate.version == version)
    return (await session.execute(statement)).scalar_one_or_none()


async def count(session: AsyncSession) -> int:
    """How many certificates there are."""
    return (await session.execute(select(func.count()).select_from(Certificate))).scalar_one()


async def take_place(session: AsyncSession, values: dict[str, object]) -> bool:
    """Insert a certificate unless its version has one or its bit is taken; returns whether it did."""
    statement = insert(Certificate).values(values).on_conflict_do_nothing().returning(Certificate.id)
    return (await session.execute(statement)).first() is not None


async def in_list(session: AsyncSession, number: int) -> Sequence[tuple[int, UUID, int]]:
    """The certificates of a list: bit, record and version."""
    statement = select(Certificate.bit, Certificate.record_id, Certificate.version).where(Certificate.list == number)
    return [(bit, record, version) for bit, record, version in await session.execute(statement)]


async def announcement(session: AsyncSession, keyid: str) -> int | None:
    """The index of the entry that announces a key; None before it."""
    statement = select(CertificateKey.entry).where(CertificateKey.keyid == keyid)
    return (await session.execute(statement)).scalar_one_or_none()


async def add_announcement(session: AsyncSession, keyid: str, *, entry: int, now: datetime) -> None:
    """Keep which entry announces a key."""
    await session.execute(insert(CertificateKey).values(keyid=keyid, entry=entry, announced_at=now))
