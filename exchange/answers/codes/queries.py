"""Every SELECT of codes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.answers.codes.models import AnswerCode

_ROUND = 100


async def usable(
    session: AsyncSession, digest: bytes, *, recipient: UUID, purpose: str, now: datetime
) -> AnswerCode | None:
    """The code of a digest, if this organisation may redeem it for this purpose now."""
    statement = select(AnswerCode).where(
        AnswerCode.digest == digest,
        AnswerCode.recipient_id == recipient,
        AnswerCode.purpose == purpose,
        AnswerCode.state == "issued",
        AnswerCode.expires_at > now,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def use_up(session: AsyncSession, code_id: UUID, *, now: datetime) -> bool:
    """Mark a code as redeemed, once: whoever comes at the same time waits, and is told False."""
    statement = (
        update(AnswerCode)
        .where(AnswerCode.id == code_id, AnswerCode.state == "issued", AnswerCode.expires_at > now)
        .values(state="redeemed", person=None)
        .returning(AnswerCode.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def locked(session: AsyncSession, code_id: UUID, *, subjects: Collection[int]) -> AnswerCode | None:
    """A code of one of these people, locked."""
    statement = select(AnswerCode).where(AnswerCode.id == code_id, AnswerCode.subject.in_(subjects)).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_of_person(session: AsyncSession, subject: int) -> Sequence[AnswerCode]:
    """The codes of a person that are issued, locked."""
    statement = (
        select(AnswerCode)
        .where(AnswerCode.subject == subject, AnswerCode.state == "issued")
        .order_by(AnswerCode.id)
        .with_for_update()
    )
    return (await session.execute(statement.execution_options(populate_existing=True))).scalars().all()


async def lock_overdue(session: AsyncSession, now: datetime) -> Sequence[AnswerCode]:
    """Codes whose time is over and that are not marked expired yet, at most 100, locked."""
    statement = (
        select(AnswerCode)
        .where(AnswerCode.state == "issued", AnswerCode.expires_at <= now)
        .order_by(AnswerCode.id)
        .limit(_ROUND)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()
