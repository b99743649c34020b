"""Every SELECT of notices and of their scopes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.consents.models import Consent, ConsentNotice, ConsentScope
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading

_NOT_FOUND = "There is no notice with this id that you may see; GET /api/v1/consent-notices lists them."


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The notices that a principal may read: those of its side as the owner, and those it is named in as the recipient."""
    if reading.everything:
        return true()
    return or_(ConsentNotice.controller_id.in_(reading.owners), ConsentNotice.recipient_id.in_(reading.consumers))


async def add_scope(session: AsyncSession) -> int:
    """Make a scope, and return its number."""
    scope: int = (await session.execute(insert(ConsentScope).returning(ConsentScope.scope))).scalar_one()
    return scope


async def notices(
    session: AsyncSession, reading: Reading, *, dataset: UUID | None, after: UUID | None, limit: int
) -> Sequence[tuple[ConsentNotice, ConsentScope]]:
    """The notices that a principal may read, oldest first, each with its scope."""
    statement = (
        select(ConsentNotice, ConsentScope)
        .join(ConsentScope, ConsentScope.scope == ConsentNotice.scope)
        .where(_readable(reading))
        .order_by(ConsentNotice.id)
        .limit(limit)
    )
    if dataset is not None:
        statement = statement.where(ConsentNotice.dataset_id == dataset)
    if after is not None:
        statement = statement.where(ConsentNotice.id > after)
    return [(notice, scope) for notice, scope in await session.execute(statement)]


async def notice(session: AsyncSession, reading: Reading, notice_id: UUID) -> tuple[ConsentNotice, ConsentScope]:
    """One notice that a principal may read, with its scope. Raises NotFound."""
    statement = (
        select(ConsentNotice, ConsentScope)
        .join(ConsentScope, ConsentScope.scope == ConsentNotice.scope)
        .where(ConsentNotice.id == notice_id, _readable(reading))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(_NOT_FOUND)
    return row[0], row[1]


async def own_notice(session: AsyncSession, organisation: UUID, notice_id: UUID) -> ConsentNotice:
    """A notice of an organisation's own. Raises NotFound."""
    own = ConsentNotice.controller_id == organisation
    row = (await session.execute(select(ConsentNotice).where(ConsentNotice.id == notice_id, own))).scalar_one_or_none()
    if row is None:
        raise NotFound(_NOT_FOUND)
    return row


async def of_scope(session: AsyncSession, scope: int) -> ConsentNotice:
    """The notice of a scope."""
    return (await session.execute(select(ConsentNotice).where(ConsentNotice.scope == scope))).scalar_one()


async def lock_scope(session: AsyncSession, scope: int) -> ConsentScope:
    """A scope, locked: changes of consents under one notice come one after the other."""
    statement = select(ConsentScope).where(ConsentScope.scope == scope).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


async def counts(session: AsyncSession, scope: int) -> dict[str, int]:
    """How many records of a scope are in each state."""
    statement = select(Consent.state, func.count()).where(Consent.scope == scope).group_by(Consent.state)
    return dict(sorted((state, count) for state, count in await session.execute(statement)))
