"""Every SELECT of corrections."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.corrections.models import Correction, CorrectionPerson
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading


def _readable(reading: Reading) -> ColumnElement[bool]:
    if reading.everything:
        return true()
    sides = or_(Correction.provider_id.in_(reading.owners), Correction.consumer_id.in_(reading.consumers))
    return or_(sides, Correction.dispute_id.is_not(None)) if reading.government else sides


async def corrections(
    session: AsyncSession,
    reading: Reading,
    *,
    correction: UUID | None = None,
    dataset: UUID | None = None,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[Correction]:
    """The corrections that a principal may read, by id."""
    statement = select(Correction).where(_readable(reading)).order_by(Correction.id).limit(limit)
    if correction is not None:
        statement = statement.where(Correction.id == correction)
    if dataset is not None:
        statement = statement.where(Correction.dataset_id == dataset)
    if state is not None:
        statement = statement.where(Correction.state == state)
    if after is not None:
        statement = statement.where(Correction.id > after)
    return (await session.execute(statement)).scalars().all()


async def lock_of_side(session: AsyncSession, organisation: UUID, correction_id: UUID) -> Correction:
    """A correction that an organisation is a side of, locked. Raises NotFound."""
    side = or_(Correction.provider_id == organisation, Correction.consumer_id == organisation)
    statement = select(Correction).where(Correction.id == correction_id, side).with_for_update()
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise missing()
    return row


async def lock_disputed(session: AsyncSession, correction_id: UUID) -> Correction | None:
    """A correction that is disputed, locked; None where it is not any more."""
    statement = select(Correction).where(Correction.id == correction_id, Correction.state == "disputed")
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def people_of(session: AsyncSession, correction_id: UUID) -> Sequence[CorrectionPerson]:
    """The people of a correction, in order."""
    statement = select(CorrectionPerson).where(CorrectionPerson.correction_id == correction_id)
    return (await session.execute(statement.order_by(CorrectionPerson.position))).scalars().all()


async def delete_people(session: AsyncSession, correction_id: UUID) -> None:
    """Delete who a correction is about."""
    await session.execute(delete(CorrectionPerson).where(CorrectionPerson.correction_id == correction_id))


async def forget_person(session: AsyncSession, subject: int) -> None:
    """Delete a person from every correction."""
    await session.execute(delete(CorrectionPerson).where(CorrectionPerson.subject == subject))


def missing() -> NotFound:
    """The problem of a correction that there is not, or that the principal may not see."""
    return NotFound("There is no such correction, or none that you may see; GET /api/v1/corrections lists them.")
