"""Every SELECT of the lineage of datasets."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.catalog.lineage.models import DatasetInput
from exchange.catalog.models import Dataset

_IS_CURRENT = and_(DatasetInput.dataset_id == Dataset.id, DatasetInput.version == Dataset.version)


async def inputs_of(session: AsyncSession, datasets: Collection[UUID], *, limit: int) -> Sequence[DatasetInput]:
    """What the newest published versions of datasets are derived from."""
    return await _select(session, DatasetInput.dataset_id.in_(datasets), limit)


async def derived_from(session: AsyncSession, datasets: Collection[UUID], *, limit: int) -> Sequence[DatasetInput]:
    """The inputs by which published datasets are derived from some datasets."""
    is_published = Dataset.state == "published"
    return await _select(session, and_(DatasetInput.input_id.in_(datasets), is_published), limit)


async def _select(session: AsyncSession, condition: ColumnElement[bool], limit: int) -> Sequence[DatasetInput]:
    statement = (
        select(DatasetInput)
        .join(Dataset, _IS_CURRENT)
        .where(condition)
        .order_by(DatasetInput.dataset_id, DatasetInput.position)
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()
