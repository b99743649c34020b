"""Every SELECT of the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.catalog.models import Dataset, DatasetVersion
from exchange.kernel.database import Connection
from exchange.kernel.identifiers import as_id
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Principal
from exchange.participants.queries import Organisation


@dataclass(frozen=True, slots=True)
class Listed:
    """A dataset with its owner and its published version, where it has one."""

    dataset: Dataset
    owner: Organisation
    version: DatasetVersion | None


def _visible_to(principal: Principal | None) -> ColumnElement[bool]:
    """Published datasets are everyone's to see; drafts and withdrawn ones are their owner's."""
    published = Dataset.state == "published"
    if principal is None:
        return published
    return or_(published, Dataset.organisation_id == principal.organisation)


def _listed() -> Select[Dataset, Organisation, DatasetVersion]:
    return (
        select(Dataset, Organisation, DatasetVersion)
        .join(Organisation, Organisation.id == Dataset.organisation_id)
        .outerjoin(
            DatasetVersion,
            and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.version == Dataset.version),
        )
    )


async def datasets(
    session: AsyncSession, principal: Principal | None, *, after: UUID | None = None, limit: int = 100
) -> Sequence[Listed]:
    """The datasets a principal may see (None: the public), oldest first."""
    statement = _listed().where(_visible_to(principal)).order_by(Dataset.id).limit(limit)
    if after is not None:
        statement = statement.where(Dataset.id > after)
    return [Listed(*row) for row in await session.execute(statement)]


async def dataset(session: AsyncSession, principal: Principal | None, reference: str) -> Listed:
    """The dataset of a reference that the principal may see. Raises NotFound."""
    return await _one(session, _listed().where(_visible_to(principal)), reference)


async def any_dataset(session: AsyncSession, reference: str) -> Listed:
    """The dataset of a reference whoever may see it: the caller decides that. Raises NotFound."""
    return await _one(session, _listed(), reference)


async def _one(
    session: AsyncSession, statement: Select[Dataset, Organisation, DatasetVersion], reference: str
) -> Listed:
    """The one dataset of a reference: an id, or `<organisation>/<dataset>` by handles."""
    identifier = as_id(reference)
    if identifier is not None:
        statement = statement.where(Dataset.id == identifier)
    else:
        owner, _, handle = reference.partition("/")
        statement = statement.where(Organisation.handle == owner, Dataset.handle == handle)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such dataset, or none that you may see; GET /api/v1/datasets lists them.")
    return Listed(*row)


async def own_dataset(session: AsyncSession, principal: Principal, dataset_id: UUID) -> Dataset:
    """A dataset of the principal's organisation, locked. Raises NotFound."""
    statement = select(Dataset).where(Dataset.id == dataset_id, Dataset.organisation_id == principal.organisation)
    found = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if found is None:
        raise NotFound("Your organisation has no such dataset.")
    return found


async def version(session: AsyncSession, dataset: Dataset) -> DatasetVersion:
    """The published version of a dataset. Raises NotFound before the first."""
    found = await session.get(DatasetVersion, (dataset.id, dataset.version))
    if found is None:
        raise NotFound("The dataset has no version yet.")
    return found


async def published_over(session: AsyncSession, source_id: UUID) -> Sequence[DatasetVersion]:
    """The published versions that read a source."""
    is_current = and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.version == Dataset.version)
    statement = (
        select(DatasetVersion)
        .join(Dataset, is_current)
        .where(DatasetVersion.source_id == source_id, Dataset.state == "published")
        .order_by(Dataset.id)
    )
    return (await session.execute(statement)).scalars().all()


async def salt_of(connection: Connection, dataset_id: UUID, version: int) -> str | None:
    """The salt of a dataset's version, which goes into the digests that its entries hold; None where it is gone."""
    found: str | None = await connection.fetchval(
        "SELECT salt FROM dataset_versions WHERE dataset_id = $1 AND version = $2", dataset_id, version
    )
    return found
