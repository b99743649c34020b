"""The catalogue's checks on sources: no source changes under a published dataset."""

from collections.abc import Sequence
from uuid import UUID

from adapters.plan.masks import FieldType
from adapters.plan.plan import Field
from exchange.catalog import queries
from exchange.catalog.checks import faults_against_source, fields_of
from exchange.catalog.dependents import DatasetDependents
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.problems import Conflict
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Work
from exchange.sources.dependents import Dependents
from exchange.sources.errors import SourceUnusable


def open_parts(runtime: Runtime) -> None:
    """Register the checks, and the list that rooms above add theirs to."""
    runtime.add(DatasetDependents())
    dependents = runtime[Dependents]
    dependents.content.append(_check_content)
    dependents.types.append(_expected_types)
    dependents.withdrawal.append(_check_withdrawal)


async def _expected_types(work: Work, source_id: UUID) -> dict[str, FieldType]:
    """The types of the fields of the datasets that are published over the source."""
    return {
        field.name: field.type
        for version in await queries.published_over(work.session, source_id)
        for field in fields_of(DatasetDocument.model_validate(version.document))
    }


async def _check_content(work: Work, source_id: UUID, fields: Sequence[Field]) -> None:
    """Check that each dataset published over the source still finds its fields. Raises SourceUnusable."""
    for version in await queries.published_over(work.session, source_id):
        faults = faults_against_source(DatasetDocument.model_validate(version.document), fields)
        if faults:
            raise SourceUnusable(
                "The file does not fit a dataset that is published over this source; publish the dataset's next version instead.",
                code="source-changed",
                errors=faults,
            )


async def _check_withdrawal(work: Work, source_id: UUID) -> None:
    """Check that no published dataset reads the source. Raises Conflict."""
    if await queries.published_over(work.session, source_id):
        raise Conflict("A published dataset reads this source; withdraw the dataset first.", state="ready")
