"""Every statement about passkeys and challenges."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from exchange.kernel.database import AsyncSession
from exchange.portal.passkeys.models import Challenge, Passkey


async def take_challenge(
    session: AsyncSession, digest: bytes, *, purpose: str, holder: bytes, now: datetime
) -> Challenge | None:
    """Use a challenge up. Only one caller gets it."""
    statement = (
        delete(Challenge)
        .where(
            Challenge.digest == digest,
            Challenge.purpose == purpose,
            Challenge.holder == holder,
            Challenge.expires_at > now,
        )
        .returning(Challenge)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def tidy(session: AsyncSession, now: datetime) -> None:
    """Delete challenges whose time is over."""
    await session.execute(delete(Challenge).where(Challenge.expires_at <= now))


async def add(session: AsyncSession, passkey: Passkey) -> bool:
    """Add a passkey, unless its credential is registered already."""
    values = {column.key: getattr(passkey, column.key) for column in Passkey.__table__.columns}
    statement = insert(Passkey).values(values).on_conflict_do_nothing(index_elements=["credential"])
    return (await session.execute(statement.returning(Passkey.id))).scalar_one_or_none() is not None


async def of_account(session: AsyncSession, account: UUID, *, lock: bool = False) -> Sequence[Passkey]:
    """The passkeys of an account, oldest first."""
    statement = select(Passkey).where(Passkey.account_id == account).order_by(Passkey.created_at, Passkey.id)
    return (await session.scalars(statement.with_for_update() if lock else statement)).all()


async def public_key_of(session: AsyncSession, credential: bytes) -> tuple[UUID, bytes] | None:
    """The account and the public key of a credential."""
    statement = select(Passkey.account_id, Passkey.public_key).where(Passkey.credential == credential)
    row = (await session.execute(statement)).one_or_none()
    return (row.account_id, row.public_key) if row is not None else None


async def locked(session: AsyncSession, credential: bytes) -> Passkey | None:
    """The passkey of a credential, locked, as it is now."""
    statement = select(Passkey).where(Passkey.credential == credential).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def delete_of_account(session: AsyncSession, account: UUID) -> None:
    """Delete all passkeys of an account."""
    await session.execute(delete(Passkey).where(Passkey.account_id == account))
