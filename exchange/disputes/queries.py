"""Every SELECT of disputes."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.disputes.models import Dispute, DisputeStatement
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The disputes that a principal may read: all for authority and auditor, otherwise those of its organisations."""
    if reading.everything or reading.government:
        return true()
    return or_(Dispute.provider_id.in_(reading.owners), Dispute.demander_id.in_(reading.consumers))


async def disputes(
    session: AsyncSession, reading: Reading, *, after: UUID | None = None, limit: int = 100
) -> Sequence[Dispute]:
    """The disputes a principal may read, oldest first."""
    statement = select(Dispute).where(_readable(reading)).order_by(Dispute.id).limit(limit)
    if after is not None:
        statement = statement.where(Dispute.id > after)
    return (await session.execute(statement)).scalars().all()


async def dispute(session: AsyncSession, reading: Reading, dispute_id: UUID, *, lock: bool = False) -> Dispute:
    """One dispute that the principal may read. Raises NotFound."""
    statement = select(Dispute).where(Dispute.id == dispute_id, _readable(reading))
    row = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no dispute with this id that you may see.")
    return row


async def statements(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[DisputeStatement]]:
    """The statements of disputes, oldest first, by dispute."""
    by_dispute: dict[UUID, list[DisputeStatement]] = defaultdict(list)
    query = select(DisputeStatement).where(DisputeStatement.dispute_id.in_(ids)).order_by(DisputeStatement.id)
    for row in (await session.execute(query)).scalars():
        by_dispute[row.dispute_id].append(row)
    return by_dispute


async def count_waiting(session: AsyncSession) -> int:
    """How many disputes wait for the authority."""
    statement = select(func.count()).where(Dispute.state.in_(("applied_to_authority", "coordinating")))
    return int((await session.execute(statement)).scalar_one())
