"""Every SELECT of deletions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.consents.models import ConsentNotice, DeletionTask
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading

_NOT_FOUND = "There is no deletion with this id that you may see; GET /api/v1/deletions lists them."


def _readable(reading: Reading) -> ColumnElement[bool]:
    if reading.everything:
        return true()
    return or_(DeletionTask.controller_id.in_(reading.owners), DeletionTask.recipient_id.in_(reading.consumers))


async def deletions(
    session: AsyncSession, reading: Reading, *, state: str | None, after: UUID | None, limit: int
) -> Sequence[DeletionTask]:
    """The deletions of either side, oldest first."""
    statement = select(DeletionTask).where(_readable(reading)).order_by(DeletionTask.id).limit(limit)
    if state is not None:
        statement = statement.where(DeletionTask.state == state)
    if after is not None:
        statement = statement.where(DeletionTask.id > after)
    return (await session.execute(statement)).scalars().all()


async def deletion(session: AsyncSession, reading: Reading, deletion_id: UUID) -> DeletionTask:
    """One deletion. Raises NotFound."""
    statement = select(DeletionTask).where(DeletionTask.id == deletion_id, _readable(reading))
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound(_NOT_FOUND)
    return row


async def recipients_own(session: AsyncSession, recipient: UUID, deletion_id: UUID) -> DeletionTask:
    """A deletion that an organisation has to do, locked. Raises NotFound."""
    own = DeletionTask.recipient_id == recipient
    statement = select(DeletionTask).where(DeletionTask.id == deletion_id, own).with_for_update()
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound(_NOT_FOUND)
    return row


async def locked(session: AsyncSession, deletion_id: UUID) -> DeletionTask | None:
    """A deletion, locked."""
    statement = select(DeletionTask).where(DeletionTask.id == deletion_id).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def field_of(session: AsyncSession, notice: UUID) -> str:
    """The field by which a notice's dataset identifies people."""
    return (await session.execute(select(ConsentNotice.identified_by).where(ConsentNotice.id == notice))).scalar_one()
