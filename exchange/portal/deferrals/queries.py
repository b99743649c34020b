"""Every statement about deferrals."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from exchange.kernel.database import AsyncSession
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading
from exchange.portal.deferrals.models import Deferral


def _readable(reading: Reading) -> ColumnElement[bool]:
    return true() if reading.everything else Deferral.organisation_id.in_(reading.consumers)


async def deferrals(session: AsyncSession, reading: Reading, *, after: UUID | None, limit: int) -> Sequence[Deferral]:
    """The deferrals that a principal may read, oldest first."""
    statement = select(Deferral).where(_readable(reading)).order_by(Deferral.id).limit(limit)
    if after is not None:
        statement = statement.where(Deferral.id > after)
    return (await session.scalars(statement)).all()


async def own(session: AsyncSession, organisation: UUID, identifier: UUID) -> Deferral:
    """A deferral of an organisation, locked. Raises NotFound."""
    statement = select(Deferral).where(Deferral.id == identifier, Deferral.organisation_id == organisation)
    row = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound("Your organisation has no deferral with this id.")
    return row


async def confirmed(session: AsyncSession, datasets: Collection[UUID]) -> Sequence[Deferral]:
    """The confirmed deferrals about datasets, ended ones included."""
    statement = select(Deferral).where(Deferral.dataset_id.in_(datasets), Deferral.confirmed_by.is_not(None))
    return (await session.scalars(statement)).all()
