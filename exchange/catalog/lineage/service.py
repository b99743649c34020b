"""The lineage of datasets: record it with a version, keep it free of cycles, and read it as a graph."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from exchange.catalog import queries as catalog
from exchange.catalog.lineage import queries
from exchange.catalog.lineage.models import DatasetInput
from exchange.catalog.lineage.schemas import LineageEdge, LineageNode, LineageOut
from exchange.catalog.models import DatasetVersion
from exchange.catalog.schemas import LEVELS, DatasetDocument, Level
from exchange.catalog.view import Listed, PublishedVersion
from exchange.kernel.database import AsyncSession
from exchange.kernel.work import Work
from exchange.participants.reading import reading_of
from ledger import entries

MOST_NODES = 200
MOST_STEPS = 10
_MOST_EDGES = 1000

_Search = Callable[[Collection[UUID]], Awaitable[Sequence[DatasetInput]]]


async def record(work: Work, version: DatasetVersion, document: DatasetDocument) -> list[entries.Derivation]:
    """Record what a version is derived from; returns it for the version's entry. The inputs are checked already."""
    listed = await catalog.any_of(work.session, {each.dataset for each in document.derived_from})
    await work.session.flush()
    inputs = []
    for position, each in enumerate(document.derived_from):
        row = DatasetInput(
            dataset_id=version.dataset_id,
            version=version.version,
            position=position,
            input_id=each.dataset,
            input_version=listed[each.dataset].dataset.version,
            agreement_id=each.agreement,
        )
        work.session.add(row)
        agreement = None if each.agreement is None else str(each.agreement)
        inputs.append(entries.Derivation(dataset=str(each.dataset), version=row.input_version, agreement=agreement))
    return inputs


async def faults_in_cycle(
    session: AsyncSession, document: DatasetDocument, *, dataset: UUID | None
) -> list[dict[str, str]]:
    """The fault of each input that is the dataset itself, or is derived from it."""
    faults = []
    for position, each in enumerate(document.derived_from if dataset is not None else ()):
        seen, is_cut, _ = await _walk(_inputs(session), each.dataset)
        if dataset in seen or is_cut:
            error = (
                "this dataset is derived from the one that you describe; no dataset comes from itself"
                if dataset in seen
                else f"this dataset has more than {MOST_NODES} inputs, or more than {MOST_STEPS} steps of them; "
                "name the inputs that the data was taken from"
            )
            faults.append({"at": f"derived_from/{position}/dataset", "error": error})
    return faults


@dataclass(frozen=True, slots=True)
class Graded:
    """A published dataset with its name and its level."""

    id: UUID
    name: str
    level: Level


async def below(session: AsyncSession, dataset: UUID, document: DatasetDocument) -> list[Graded]:
    """The published datasets, derived from a dataset in one step, whose level is below that of its next document."""
    edges = await queries.derived_from(session, [dataset], limit=_MOST_EDGES)
    listed = await catalog.any_of(session, {edge.dataset_id for edge in edges})
    limit = LEVELS.index(document.effective_level)
    graded = [_graded(each, each.version) for each in listed.values() if each.version is not None]
    return [each for each in graded if LEVELS.index(each.level) < limit]


def _graded(listed: Listed, version: PublishedVersion) -> Graded:
    level = DatasetDocument.model_validate(version.document).effective_level
    return Graded(listed.dataset.id, _name(listed), level)


def _name(listed: Listed) -> str:
    return f"{listed.owner.handle}/{listed.dataset.handle}"


def _inputs(session: AsyncSession) -> _Search:
    async def search(datasets: Collection[UUID]) -> Sequence[DatasetInput]:
        return await queries.inputs_of(session, datasets, limit=_MOST_EDGES)

    return search


async def _walk(search: _Search, start: UUID) -> tuple[set[UUID], bool, list[DatasetInput]]:
    """The datasets that a search reaches step by step, whether it was cut, and the edges it took.

    A dataset is visited once, so that a cycle ends the walk.
    """
    seen, frontier, edges = {start}, {start}, list[DatasetInput]()
    for _ in range(MOST_STEPS):
        rows = await search(frontier)
        reached = {each for row in rows for each in (row.input_id, row.dataset_id)} - seen
        if not rows or len(seen) + len(reached) > MOST_NODES or len(rows) == _MOST_EDGES:
            return seen, bool(rows), edges
        edges += rows
        seen |= reached
        frontier = reached
        if not frontier:
            return seen, False, edges
    return seen, bool(await search(frontier)), edges


async def read(work: Work, *, dataset_id: UUID) -> LineageOut:
    """The graph around a dataset that the principal may see. Raises NotFound.

    A dataset that the principal may not see is in it only as an input that a visible document names, and leads nowhere.
    """
    reading = reading_of(work, "dataset")
    session = work.session
    await catalog.dataset(session, reading, str(dataset_id))

    async def up(datasets: Collection[UUID]) -> Sequence[DatasetInput]:
        shown = await catalog.visible(session, reading, datasets)
        return await queries.inputs_of(session, shown.keys(), limit=_MOST_EDGES)

    async def down(datasets: Collection[UUID]) -> Sequence[DatasetInput]:
        return await queries.derived_from(session, datasets, limit=_MOST_EDGES)  # published ones, which everybody sees

    above, is_cut_above, rows = await _walk(up, dataset_id)
    beneath, is_cut_beneath, more = await _walk(down, dataset_id)
    identifiers = above | beneath
    listed = await catalog.visible(session, reading, identifiers)
    edges = {(row.dataset_id, row.position): row for row in [*rows, *more]}
    return LineageOut(
        nodes=[_node(each, listed.get(each)) for each in sorted(identifiers)],
        edges=[
            LineageEdge(
                input=row.input_id,
                input_version=row.input_version,
                dataset=row.dataset_id,
                version=row.version,
                agreement=row.agreement_id,
            )
            for row in edges.values()
        ],
        is_cut=is_cut_above or is_cut_beneath,
    )


def _node(identifier: UUID, listed: Listed | None) -> LineageNode:
    if listed is None or listed.version is None:
        return LineageNode(id=identifier)
    document = DatasetDocument.model_validate(listed.version.document)
    return LineageNode(
        id=identifier,
        name=_name(listed),
        title=document.title,
        version=listed.version.version,
        level=document.effective_level,
    )
