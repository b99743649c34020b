"""Every SELECT of codes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.answers.codes.models import AnswerCode, WrongTries

MOST_WRONG = 20
"""The wrong tries of its recipient after which a short code is void."""
_ROUND = 100
_SHOWN = 100
_DAY_MINUTES = 24 * 60


async def add(session: AsyncSession, code: AnswerCode) -> bool:
    """Add a code, unless another has its digest."""
    values = {column.key: getattr(code, column.key) for column in AnswerCode.__table__.columns}
    values = {name: value for name, value in values.items() if value is not None}
    statement = insert(AnswerCode).values(values).on_conflict_do_nothing(index_elements=["digest"])
    return (await session.execute(statement.returning(AnswerCode.id))).scalar_one_or_none() is not None


async def count_usable(session: AsyncSession, subjects: Collection[int], *, now: datetime) -> int:
    """How many codes of these people can still be redeemed."""
    statement = select(func.count()).where(
        AnswerCode.subject.in_(subjects), AnswerCode.state == "issued", AnswerCode.expires_at > now
    )
    return (await session.execute(statement)).scalar_one()


async def of_person(session: AsyncSession, subjects: Collection[int]) -> Sequence[AnswerCode]:
    """The newest 100 codes of these people, newest first."""
    statement = select(AnswerCode).where(AnswerCode.subject.in_(subjects))
    newest = statement.order_by(AnswerCode.issued_at.desc(), AnswerCode.id).limit(_SHOWN)
    return (await session.execute(newest)).scalars().all()


async def lock_tries(session: AsyncSession, organisation: UUID, *, minute: int) -> WrongTries:
    """The wrong tries of an organisation in this minute and its day, locked."""
    values = {
        "organisation_id": organisation,
        "minute": minute,
        "in_minute": 0,
        "day": minute // _DAY_MINUTES,
        "in_day": 0,
    }
    await session.execute(insert(WrongTries).values(values).on_conflict_do_nothing())
    statement = select(WrongTries).where(WrongTries.organisation_id == organisation).with_for_update()
    row = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()
    if row.minute != minute:
        row.minute, row.in_minute = minute, 0
    if row.day != minute // _DAY_MINUTES:
        row.day, row.in_day = minute // _DAY_MINUTES, 0
    return row


async def lock_short(session: AsyncSession, recipient: UUID, *, now: datetime) -> Sequence[AnswerCode]:
    """The short codes that a recipient could guess now, locked."""
    statement = (
        select(AnswerCode)
        .where(
            AnswerCode.recipient_id == recipient,
            AnswerCode.form == "digits",
            AnswerCode.state == "issued",
            AnswerCode.expires_at > now,
            AnswerCode.wrong < MOST_WRONG,
        )
        .order_by(AnswerCode.id)
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


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
        AnswerCode.wrong < MOST_WRONG,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def use_up(session: AsyncSession, code_id: UUID, *, now: datetime) -> bool:
    """Mark a code as redeemed, once: whoever comes at the same time waits, and is told False."""
    statement = (
        update(AnswerCode)
        .where(
            AnswerCode.id == code_id,
            AnswerCode.state == "issued",
            AnswerCode.expires_at > now,
            AnswerCode.wrong < MOST_WRONG,
        )
        .values(state="redeemed", person=None, digest=None)
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
