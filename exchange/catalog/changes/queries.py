"""Every SELECT of changes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.catalog.changes.lifecycle import OPEN
from exchange.catalog.changes.models import CatalogueChange
from exchange.catalog.models import Dataset
from exchange.kernel.problems import NotFound


async def open_changes(
    session: AsyncSession, dataset_id: UUID, *, filing: UUID | None = None
) -> Sequence[CatalogueChange]:
    """The open changes of a dataset, which is locked; with `filing`, those that it answers."""
    statement = select(CatalogueChange).where(CatalogueChange.dataset_id == dataset_id, CatalogueChange.state.in_(OPEN))
    if filing is not None:
        statement = statement.where(CatalogueChange.filing_id == filing)
    return (await session.execute(statement.order_by(CatalogueChange.id).with_for_update())).scalars().all()


async def changes(
    session: AsyncSession,
    owners: frozenset[UUID] | None,
    *,
    change: UUID | None = None,
    dataset: UUID | None = None,
    is_open: bool = False,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[CatalogueChange]:
    """Changes of these owners' datasets, by id; None: of all, for the authority."""
    statement = select(CatalogueChange).join(Dataset, Dataset.id == CatalogueChange.dataset_id)
    if owners is not None:
        statement = statement.where(Dataset.organisation_id.in_(owners))
    if change is not None:
        statement = statement.where(CatalogueChange.id == change)
    if dataset is not None:
        statement = statement.where(CatalogueChange.dataset_id == dataset)
    if is_open:
        statement = statement.where(CatalogueChange.state.in_(OPEN))
    if after is not None:
        statement = statement.where(CatalogueChange.id > after)
    return (await session.execute(statement.order_by(CatalogueChange.id).limit(limit))).scalars().all()


async def lock_change(session: AsyncSession, change_id: UUID) -> CatalogueChange:
    """One change, its dataset locked before it, for the authority. Raises NotFound."""
    of_change = select(Dataset.id).join(CatalogueChange, CatalogueChange.dataset_id == Dataset.id)
    locking = of_change.where(CatalogueChange.id == change_id).with_for_update(of=Dataset)
    if (await session.execute(locking)).first() is None:
        raise NotFound("There is no such change; GET /api/v1/catalogue-changes lists them.")
    statement = select(CatalogueChange).where(CatalogueChange.id == change_id).with_for_update()
    return (await session.execute(statement)).scalar_one()
