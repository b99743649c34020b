"""Every SELECT of objections to records."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.calendar import queries as calendar
from exchange.calendar.counting import Matter
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading
from exchange.rights.models import RightsApplication, RightsRecord
from exchange.rights.objections.models import RecordObjection

KIND = "record_objection"
TOLD = "record_objection.holder_told"
"""The statement with which the registrar tells the holder."""
_OPEN = ("filed", "holder_told", "contested")


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The objector reads it from its filing on, the holder from when it was told, who reads everything at once.

    The state alone does not say so: an objection may be withdrawn before its holder is told.
    """
    if reading.everything:
        return true()
    is_told = RecordObjection.statements.contains([{"type": TOLD}])
    return or_(
        RecordObjection.organisation_id.in_(reading.owners),
        and_(RecordObjection.holder_id.in_(reading.owners), is_told),
    )


async def objections(
    session: AsyncSession,
    reading: Reading,
    *,
    record: UUID | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[RecordObjection]:
    """The objections that a principal may read, by id."""
    statement = select(RecordObjection).where(_readable(reading)).order_by(RecordObjection.id).limit(limit)
    if record is not None:
        statement = statement.where(RecordObjection.record_id == record)
    if after is not None:
        statement = statement.where(RecordObjection.id > after)
    return (await session.execute(statement)).scalars().all()


async def count_open(session: AsyncSession, *, record: UUID, organisation: UUID) -> int:
    """How many objections of an organisation to a record are open."""
    statement = (
        select(func.count())
        .select_from(RecordObjection)
        .where(
            RecordObjection.record_id == record,
            RecordObjection.organisation_id == organisation,
            RecordObjection.state.in_(_OPEN),
        )
    )
    return (await session.execute(statement)).scalar_one()


async def lock_objection(session: AsyncSession, reading: Reading, objection_id: UUID) -> RecordObjection:
    """An objection that a principal may read, locked after its deadlines. Raises NotFound."""
    await calendar.open_rows(session, Matter(KIND, objection_id))
    statement = select(RecordObjection).where(RecordObjection.id == objection_id, _readable(reading))
    row = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "There is no such objection, or none that you may see; GET /api/v1/rights/objections lists them."
        )
    return row


async def is_disputed(session: AsyncSession, dataset: UUID) -> bool:
    """Whether rights over a dataset are disputed: a publicised application is objected to, or a record, which its holder was
    told of.
    """
    application = exists().where(RightsApplication.dataset_id == dataset, RightsApplication.state == "objected")
    record = exists().where(
        RightsRecord.dataset_id == dataset,
        RecordObjection.record_id == RightsRecord.id,
        RecordObjection.state.in_(("holder_told", "agreed", "contested")),
    )
    return bool(await session.scalar(select(or_(application, record))))
