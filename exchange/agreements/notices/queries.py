"""Every SELECT of notices."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.agreements.notices.models import AgreementNotice
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The notices that a principal may read: all for authority and auditor, otherwise those of its organisations."""
    if reading.everything or reading.government:
        return true()
    told = AgreementNotice.consumers.has_any(array([str(each) for each in reading.consumers] or [""]))
    return or_(AgreementNotice.provider_id.in_(reading.owners), told)


async def notices(
    session: AsyncSession, reading: Reading, *, notice: UUID | None = None, after: UUID | None = None, limit: int = 100
) -> Sequence[AgreementNotice]:
    """The notices that a principal may read, oldest first."""
    statement = select(AgreementNotice).where(_readable(reading)).order_by(AgreementNotice.id).limit(limit)
    if notice is not None:
        statement = statement.where(AgreementNotice.id == notice)
    if after is not None:
        statement = statement.where(AgreementNotice.id > after)
    return (await session.execute(statement)).scalars().all()


async def lock_notice(session: AsyncSession, reading: Reading, notice_id: UUID) -> AgreementNotice:
    """One notice that the principal may read, locked. Raises NotFound."""
    statement = select(AgreementNotice).where(AgreementNotice.id == notice_id, _readable(reading)).with_for_update()
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise missing()
    return row


async def is_announced(session: AsyncSession, line: Sequence[UUID], *, dataset: UUID, day: date) -> bool:
    """Whether the end of an agreement over a dataset was announced for a day that has come, and its demander consulted.

    `line` is the agreement with those that it follows by amendments: a notice of one of them is a notice of it.
    """
    statement = select(AgreementNotice.id).where(
        AgreementNotice.dataset_id == dataset,
        AgreementNotice.agreements.has_any(array([str(each) for each in line])),
        AgreementNotice.outcome == "terminate",
        AgreementNotice.state.in_(("consulted", "carried_out")),
        AgreementNotice.effective_on <= day,
    )
    return (await session.execute(statement.limit(1))).first() is not None


def missing() -> NotFound:
    """The problem of a notice that there is not, or that the principal may not see."""
    return NotFound("There is no notice with this id that you may see; GET /api/v1/agreement-notices lists them.")
