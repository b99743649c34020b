"""Every SELECT of applications."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.applications.models import Application
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Principal
from exchange.participants.reading import Reading


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The applications that a principal may read, by its roles on either side."""
    if reading.everything:
        return true()
    return or_(Application.provider_id.in_(reading.owners), Application.consumer_id.in_(reading.consumers))


def _of_side(principal: Principal) -> ColumnElement[bool]:
    """The applications that the principal's organisation is a side of."""
    return or_(Application.provider_id == principal.organisation, Application.consumer_id == principal.organisation)


async def applications(
    session: AsyncSession, reading: Reading, *, after: UUID | None = None, limit: int = 100
) -> Sequence[Application]:
    """The applications a principal may read, oldest first."""
    statement = select(Application).where(_readable(reading)).order_by(Application.id).limit(limit)
    if after is not None:
        statement = statement.where(Application.id > after)
    return (await session.execute(statement)).scalars().all()


async def has_dealings(session: AsyncSession, consumer: UUID, dataset: UUID) -> bool:
    """Whether an organisation has applied for a dataset; each agreement began with an application."""
    statement = select(Application.id).where(Application.consumer_id == consumer, Application.dataset_id == dataset)
    return (await session.execute(statement.limit(1))).first() is not None


async def application(session: AsyncSession, reading: Reading, application_id: UUID) -> Application:
    """One application that the principal may read. Raises NotFound."""
    return await _one(session, select(Application).where(Application.id == application_id, _readable(reading)))


async def locked(session: AsyncSession, principal: Principal, application_id: UUID) -> Application:
    """One application that the principal's organisation is a side of, locked for an act. Raises NotFound."""
    statement = select(Application).where(Application.id == application_id, _of_side(principal))
    return await _one(session, statement.with_for_update())


async def _one(session: AsyncSession, statement: Select[Application]) -> Application:
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no application with this id that you may see.")
    return row
