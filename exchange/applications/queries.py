"""Every SELECT of applications."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.applications.models import Application
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.participants.reading import Reading
from policies.roles.roles import EXCHANGE

_SUBMITTED = Application.submitted_at.is_not(None)
"""The owner and the authority see no drafts."""


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The applications that a principal may read, by its roles on either side."""
    if reading.everything:
        return true()
    received: ColumnElement[bool] = Application.provider_id.in_(reading.owners)
    if reading.government:
        received = or_(received, Application.lane == "government")
    return or_(and_(received, _SUBMITTED), Application.consumer_id.in_(reading.consumers))


def _of_side(work: Work) -> ColumnElement[bool]:
    """The applications that a principal may act on: those its organisation is a side of, and those the authority reads."""
    own = work.principal.organisation
    received: ColumnElement[bool] = and_(Application.provider_id == own, _SUBMITTED)
    if work.may("application", "consent_to_extension", EXCHANGE):
        received = or_(received, and_(Application.lane == "government", _SUBMITTED))
    return or_(received, Application.consumer_id == own)


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


async def locked(work: Work, application_id: UUID) -> Application:
    """One application that the principal may act on or read, locked for an act. Raises NotFound."""
    statement = select(Application).where(Application.id == application_id, _of_side(work))
    return await _one(work.session, statement.with_for_update())


async def _one(session: AsyncSession, statement: Select[Application]) -> Application:
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no application with this id that you may see.")
    return row


async def count_refused_returns(session: AsyncSession, provider: UUID | None) -> int:
    """How often the return of data to its region was refused: by a provider, or with None by any."""
    refused = select(func.count()).where(Application.is_return_flow, Application.state == "refused")
    statement = refused if provider is None else refused.where(Application.provider_id == provider)
    return int((await session.execute(statement)).scalar_one())
