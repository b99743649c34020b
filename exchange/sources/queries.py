"""Every SELECT of sources."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.kernel.problems import NotFound
from exchange.kernel.work import Principal
from exchange.sources.models import Source
from exchange.sources.view import SourceView, view_of


async def source_rows(session: AsyncSession, principal: Principal) -> Sequence[Source]:
    """The sources of the principal's organisation, oldest first."""
    statement = select(Source).where(Source.organisation_id == principal.organisation).order_by(Source.id)
    return (await session.execute(statement)).scalars().all()


async def source_row(session: AsyncSession, principal: Principal, source_id: UUID, *, lock: bool = False) -> Source:
    """A source of the principal's organisation. Raises NotFound."""
    statement = select(Source).where(Source.id == source_id, Source.organisation_id == principal.organisation)
    row = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("Your organisation has no such source.")
    return row


async def own_source(session: AsyncSession, principal: Principal, source_id: UUID, *, lock: bool = False) -> SourceView:
    """A source of the principal's organisation, for another room. Raises NotFound."""
    return view_of(await source_row(session, principal, source_id, lock=lock))


async def locked_source(session: AsyncSession, organisation: UUID, source_id: UUID) -> SourceView:
    """A source of an organisation, locked, for another room that has checked the act. Raises NotFound."""
    statement = select(Source).where(Source.id == source_id, Source.organisation_id == organisation)
    row = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound("The dataset's organisation has no such source.")
    return view_of(row)


async def description_of(session: AsyncSession, principal: Principal, source_id: UUID) -> Mapping[str, Any]:
    """The description of a ready source of the principal's organisation, as it is stored. Raises NotFound."""
    return (await source_row(session, principal, source_id)).description or {}


async def any_source(session: AsyncSession, source_id: UUID) -> SourceView:
    """A source of any organisation, for another room that has checked who may read it. Raises NotFound."""
    row = await session.get(Source, source_id)
    if row is None:
        raise NotFound("The source is gone.")
    return view_of(row)


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, SourceView]:
    """Sources by id, for another room that has checked who may read them."""
    statement = select(Source).where(Source.id.in_(ids))
    return {row.id: view_of(row) for row in (await session.execute(statement)).scalars()}


async def digests_of(session: AsyncSession, organisation: UUID, *, beside: UUID) -> set[str]:
    """The digests of an organisation's sources that are ready, beside one source. Those of files name their snapshots."""
    others_ready = (Source.organisation_id == organisation, Source.id != beside, Source.state == "ready")
    statement = select(Source.description["digest"].astext).where(*others_ready, Source.content.is_not(None))
    return {digest for digest in await session.scalars(statement) if digest is not None}


async def described_digests(session: AsyncSession) -> set[str]:
    """The digests in the descriptions of all sources that are ready. Those of uploaded files name their snapshots."""
    statement = select(Source.description["digest"].astext).where(Source.state == "ready")
    return {digest for digest in await session.scalars(statement) if digest is not None}
