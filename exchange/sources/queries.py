"""Every SELECT of sources."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.kernel.problems import NotFound
from exchange.kernel.work import Principal
from exchange.sources.models import Source
from exchange.sources.view import SourceView, view_of


async def sources(session: AsyncSession, principal: Principal) -> Sequence[Source]:
    """The sources of the principal's organisation, oldest first."""
    statement = select(Source).where(Source.organisation_id == principal.organisation).order_by(Source.id)
    return (await session.execute(statement)).scalars().all()


async def source(session: AsyncSession, principal: Principal, source_id: UUID, *, lock: bool = False) -> Source:
    """A source of the principal's organisation. Raises NotFound."""
    statement = select(Source).where(Source.id == source_id, Source.organisation_id == principal.organisation)
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("Your organisation has no such source.")
    return found


async def own_view(session: AsyncSession, principal: Principal, source_id: UUID, *, lock: bool = False) -> SourceView:
    """A source of the principal's organisation, for another room. Raises NotFound."""
    return view_of(await source(session, principal, source_id, lock=lock))


async def view(session: AsyncSession, source_id: UUID) -> SourceView:
    """A source whoever owns it, for reading what an agreement grants. Raises NotFound."""
    row = await session.get(Source, source_id)
    if row is None:
        raise NotFound("The source is gone.")
    return view_of(row)


async def digests_of_files(session: AsyncSession) -> set[str]:
    """The digests of the snapshots that sources read, all organisations'."""
    statement = select(Source.description["digest"].astext).where(Source.kind == "file", Source.state == "ready")
    return {digest for digest in await session.scalars(statement) if digest is not None}
