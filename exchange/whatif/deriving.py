"""The effects of a draft along the lineage: limits of what it is derived from, and what is derived from it."""

from dataclasses import dataclass
from uuid import UUID

from exchange.catalog import queries as catalog
from exchange.catalog.issuing import faults_in_inputs
from exchange.catalog.lineage.service import below
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.work import Work
from exchange.whatif.schemas import DerivedOut, InputFaultOut


@dataclass(frozen=True, slots=True)
class LineageEffects:
    """The faults for which the draft would be refused, and the derived datasets that it would leave graded too low."""

    inputs: list[InputFaultOut]
    derived: list[DerivedOut]


async def foresee_lineage(work: Work, dataset_id: UUID) -> LineageEffects:
    """Foresee what the draft of a dataset of the principal's means along the lineage. Raises NotFound."""
    dataset = await catalog.own_view(work.session, work.principal, dataset_id)
    if dataset.draft is None:  # discarded since it was looked at
        return LineageEffects([], [])
    draft = DatasetDocument.model_validate(dataset.draft.document)
    faults = await faults_in_inputs(work, draft, owner=dataset.organisation_id, dataset=dataset.id)
    return LineageEffects(
        inputs=[InputFaultOut(at=fault["at"], error=fault["error"]) for fault in faults],
        derived=[
            DerivedOut(dataset=each.id, name=each.name, level=each.level)
            for each in await below(work.session, dataset.id, draft)
        ],
    )
