"""Every SELECT of the catalogue. Other rooms get views, this room's verbs get rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, not_, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.catalog.models import Dataset, DatasetVersion
from exchange.catalog.schemas import LEVELS, CatalogueSearch, Level
from exchange.catalog.view import DatasetView, Listed, PublishedVersion, dataset_of, version_of
from exchange.kernel.database import Connection
from exchange.kernel.identifiers import as_id
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Principal
from exchange.participants.queries import organisation_columns, organisations_table
from exchange.participants.reading import Reading
from exchange.participants.view import OrganisationView
from policies.decision.documents import PUBLISHED_EARLIER

_OWNER = organisation_columns()


def _visible_to(reading: Reading | None) -> ColumnElement[bool]:
    """Everyone sees published datasets; who reads on the owner's side sees drafts and withdrawn ones too."""
    published = Dataset.state == "published"
    if reading is None or not reading.owners:
        return published
    return or_(published, and_(Dataset.organisation_id.in_(reading.owners), Dataset.state != "discarded"))


_TEXTS = "$.title.*", "$.description.*", "$.keywords[*]", "$.fields[*].name", "$.fields[*].title.*"
_SEARCHED = func.concat_ws(
    " ",
    Dataset.handle,
    _OWNER.c.handle,
    _OWNER.c.name_zh,
    _OWNER.c.name_en,
    *(cast(func.jsonb_path_query_array(DatasetVersion.document, cast(path, JSONPATH)), Text) for path in _TEXTS),
)
"""What a search of the catalogue looks at. Chinese is found by any part of a word."""


def _graded(level: Level) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The conditions of a grade: the dataset or one of its fields has it, and none has a higher one."""
    own, fields = cast("$.level", JSONPATH), cast("$.fields[*].level", JSONPATH)
    levels = func.jsonb_path_query_array(DatasetVersion.document, fields).op("||")(
        func.jsonb_path_query_array(DatasetVersion.document, own)
    )
    higher = LEVELS[LEVELS.index(level) + 1 :]
    return levels.op("?")(level), not_(levels.op("?|")(cast(list(higher), ARRAY(Text))))


def _select_listed() -> Select[Dataset, OrganisationView, DatasetVersion]:
    return (
        select(Dataset, _OWNER, DatasetVersion)
        .join(organisations_table(), _OWNER.c.id == Dataset.organisation_id)
        .outerjoin(
            DatasetVersion,
            and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.version == Dataset.version),
        )
    )


def _listed(dataset: Dataset, owner: OrganisationView, version: DatasetVersion | None) -> Listed:
    return Listed(dataset_of(dataset), owner, version_of(version) if version is not None else None)


async def datasets(
    session: AsyncSession,
    reading: Reading | None,
    search: CatalogueSearch,
    *,
    limit: int = 100,
) -> Sequence[Listed]:
    """The datasets that a principal may see, oldest first, as far as they have what is looked for; None stands for the public.

    A search with words finds those with each of them in a title, a description, a keyword, a field or a name.
    """
    statement = _select_listed().where(_visible_to(reading)).order_by(Dataset.id).limit(limit)
    for word in (search.q or "").split():
        statement = statement.where(_SEARCHED.icontains(word, autoescape=True))
    document = DatasetVersion.document
    if search.attribute is not None:
        statement = statement.where(document["sharing"]["attribute"].astext == search.attribute)
    if search.provider is not None:
        statement = statement.where(_OWNER.c.handle == search.provider)
    if search.frequency is not None:
        statement = statement.where(document["update_frequency"].astext == search.frequency)
    if search.level is not None:
        statement = statement.where(*_graded(search.level))
    if search.after is not None:
        statement = statement.where(Dataset.id > search.after)
    return [_listed(*row) for row in await session.execute(statement)]


async def dataset(session: AsyncSession, reading: Reading | None, reference: str) -> Listed:
    """The dataset of a reference that the principal may see. Raises NotFound."""
    return await _dataset(session, _select_listed().where(_visible_to(reading)), reference)


async def visible(session: AsyncSession, reading: Reading | None, identifiers: Collection[UUID]) -> dict[UUID, Listed]:
    """Those of some datasets that a principal may see, by id."""
    statement = _select_listed().where(_visible_to(reading), Dataset.id.in_(identifiers))
    return {listed.dataset.id: listed for listed in [_listed(*row) for row in await session.execute(statement)]}


async def any_of(session: AsyncSession, identifiers: Collection[UUID]) -> dict[UUID, Listed]:
    """Those of some datasets that there are, by id. The caller decides who may see them."""
    statement = _select_listed().where(Dataset.id.in_(identifiers), Dataset.state != "discarded")
    return {listed.dataset.id: listed for listed in [_listed(*row) for row in await session.execute(statement)]}


async def any_dataset(session: AsyncSession, reference: str) -> Listed:
    """The dataset of a reference. The caller decides who may see it. Raises NotFound."""
    return await _dataset(session, _select_listed(), reference)


async def find(session: AsyncSession, reference: str) -> Listed | None:
    """The dataset of a reference, or None. The caller decides who may see it."""
    return await _find(session, _select_listed(), reference)


async def _dataset(
    session: AsyncSession, statement: Select[Dataset, OrganisationView, DatasetVersion], reference: str
) -> Listed:
    """The dataset of a reference. Raises NotFound."""
    listed = await _find(session, statement, reference)
    if listed is None:
        raise NotFound("There is no such dataset, or none that you may see; GET /api/v1/datasets lists them.")
    return listed


async def _find(
    session: AsyncSession, statement: Select[Dataset, OrganisationView, DatasetVersion], reference: str
) -> Listed | None:
    """The dataset of a reference: an id, or `<organisation>/<dataset>` by handles. The one in use comes before those that
    had the name earlier.
    """
    identifier = as_id(reference)
    if identifier is not None:
        statement = statement.where(Dataset.id == identifier)
    else:
        owner, _, handle = reference.partition("/")
        statement = statement.where(_OWNER.c.handle == owner, Dataset.handle == handle)
    is_in_use = Dataset.state.in_(("draft", "published"))
    statement = statement.where(Dataset.state != "discarded").order_by(is_in_use.desc(), Dataset.id.desc()).limit(1)
    row = (await session.execute(statement)).one_or_none()
    return _listed(*row) if row is not None else None


async def named(session: AsyncSession, reference: str) -> Sequence[DatasetView]:
    """Every dataset that a reference has ever meant, withdrawn ones included. The caller decides who may see them."""
    statement = select(Dataset).join(organisations_table(), _OWNER.c.id == Dataset.organisation_id)
    identifier = as_id(reference)
    if identifier is not None:
        statement = statement.where(Dataset.id == identifier)
    else:
        owner, _, handle = reference.partition("/")
        statement = statement.where(_OWNER.c.handle == owner, Dataset.handle == handle)
    return [dataset_of(row) for row in (await session.execute(statement.order_by(Dataset.id))).scalars()]


async def names_of(session: AsyncSession, identifiers: Collection[UUID]) -> dict[UUID, str]:
    """The names `<organisation>/<dataset>` of datasets, by id. The caller decides who may see them."""
    statement = (
        select(Dataset.id, _OWNER.c.handle, Dataset.handle)
        .join(organisations_table(), _OWNER.c.id == Dataset.organisation_id)
        .where(Dataset.id.in_(identifiers))
    )
    return {identifier: f"{owner}/{handle}" for identifier, owner, handle in await session.execute(statement)}


async def allows_purpose(session: AsyncSession, purpose: str) -> bool:
    """Whether the published terms of a dataset allow a purpose."""
    statement = (
        select(Dataset.id)
        .join(DatasetVersion, and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.version == Dataset.version))
        .where(
            Dataset.state == "published",
            DatasetVersion.document["terms"]["purposes"].contains([purpose]),
        )
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def own_dataset(session: AsyncSession, principal: Principal, dataset_id: UUID) -> Dataset:
    """A dataset of the principal's organisation, locked. Raises NotFound."""
    own = Dataset.organisation_id == principal.organisation
    statement = select(Dataset).where(Dataset.id == dataset_id, own, Dataset.state != "discarded")
    row = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound("Your organisation has no such dataset.")
    return row


async def own_view(session: AsyncSession, principal: Principal, dataset_id: UUID) -> DatasetView:
    """A dataset of the principal's organisation, locked, for another room. Raises NotFound."""
    return dataset_of(await own_dataset(session, principal, dataset_id))


async def version(session: AsyncSession, dataset: Dataset) -> PublishedVersion:
    """The published version of a dataset. Raises NotFound before the first."""
    row = await session.get(DatasetVersion, (dataset.id, dataset.version))
    if row is None:
        raise NotFound("The dataset has no version yet.")
    return version_of(row)


async def terms_of_versions(
    session: AsyncSession, versions: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Mapping[str, Any]]:
    """The terms of published versions, as JSON, by dataset and number.

    Terms from before they stated a legal basis have the basis "published-earlier", as decisions have it.
    """
    columns = (
        DatasetVersion.dataset_id,
        DatasetVersion.version,
        DatasetVersion.document["terms"],
        DatasetVersion.predates_basis,
    )
    statement = select(*columns).where(tuple_(DatasetVersion.dataset_id, DatasetVersion.version).in_(versions))
    return {
        (dataset, version): terms if not predates else {**terms, "basis": PUBLISHED_EARLIER}
        for dataset, version, terms, predates in await session.execute(statement)
    }


async def lock_for_grant(session: AsyncSession, dataset_id: UUID) -> None:
    """Lock a dataset, so that no version of it is published until the commit; grants do not wait for each other."""
    await session.execute(select(Dataset.id).where(Dataset.id == dataset_id).with_for_update(read=True))


async def published_over(session: AsyncSession, source_id: UUID) -> Sequence[PublishedVersion]:
    """The published versions that read a source."""
    is_current = and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.version == Dataset.version)
    statement = (
        select(DatasetVersion)
        .join(Dataset, is_current)
        .where(DatasetVersion.source_id == source_id, Dataset.state == "published")
        .order_by(Dataset.id)
    )
    return [version_of(row) for row in (await session.execute(statement)).scalars()]


async def salt_of(connection: Connection, dataset_id: UUID, version: int) -> str | None:
    """The salt of a dataset's version, which is in the digests of its entries; None where it is gone."""
    salt: str | None = await connection.fetchval(
        "SELECT salt FROM dataset_versions WHERE dataset_id = $1 AND version = $2", dataset_id, version
    )
    return salt
