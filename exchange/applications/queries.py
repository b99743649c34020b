"""Every SELECT of applications."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.applications.models import Application
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Principal


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """Both sides see an application."""
    return or_(Application.provider_id == principal.organisation, Application.consumer_id == principal.organisation)


async def applications(
    session: AsyncSession, principal: Principal, *, after: UUID | None = None, limit: int = 100
) -> Sequence[Application]:
    """The applications a principal may see, oldest first."""
    statement = select(Application).where(visible_to(principal)).order_by(Application.id).limit(limit)
    if after is not None:
        statement = statement.where(Application.id > after)
    return (await session.execute(statement)).scalars().all()


async def application(
    session: AsyncSession, principal: Principal, application_id: UUID, *, lock: bool = False
) -> Application:
    """One application that the principal may see. Raises NotFound."""
    statement = select(Application).where(Application.id == application_id, visible_to(principal))
    row = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no application with this id that you may see.")
    return row
