"""The routes of filings."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.catalog.filing import queries, service
from exchange.catalog.filing.schemas import FilingOut, Return, SecrecyAssessment, State
from exchange.catalog.reading import visible_owners
from exchange.catalog.schemas import Publication
from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=SignedRoute, responses=problems())

_PLAIN = Publication()


@router.post("/datasets/{dataset_id}/assessment")
async def assess_draft(work: SignedWork, dataset_id: UUID, assessment: SecrecyAssessment) -> FilingOut:
    """Put the assessment of secrecy risks of a draft on file; its impact assessment is in the document."""
    return await _out(work, (await service.assess(work, dataset_id=dataset_id, assessment=assessment)).id)


@router.post("/datasets/{dataset_id}/consent")
async def consent_to_draft(work: SignedWork, dataset_id: UUID) -> FilingOut:
    """Consent to the publication of a draft, as the head of the department's sharing office."""
    return await _out(work, (await service.consent(work, dataset_id=dataset_id)).id)


@router.post("/datasets/{dataset_id}/filing")
async def file_draft(work: SignedWork, dataset_id: UUID, publication: Publication = _PLAIN) -> FilingOut:
    """File a draft for the authority's review. Without an authority on this exchange, it is published at once."""
    return await _out(work, (await service.file(work, dataset_id=dataset_id, publication=publication)).id)


@router.get("/filings")
async def list_filings(
    work: SignedWork,
    dataset: Annotated[UUID | None, Query(description="Only those of this dataset")] = None,
    state: Annotated[State | None, Query(description="Only those in this state")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[FilingOut]:
    """The filings of your organisation's datasets; for the sharing authority, all that were filed."""
    owners = visible_owners(work)
    rows = await queries.filings(work.session, owners, dataset=dataset, state=state, after=after, limit=limit)
    return await service.out(work, rows)


@router.get("/filings/{filing_id}")
async def read_filing(work: SignedWork, filing_id: UUID) -> FilingOut:
    """One filing, with its draft while it is open."""
    row = await queries.filing(work.session, visible_owners(work), filing_id)
    return (await service.out(work, [row]))[0]


@router.post("/filings/{filing_id}/publication")
async def publish_filing(work: SignedWork, filing_id: UUID) -> FilingOut:
    """Publish a filed draft, as the sharing authority."""
    return await _out(work, (await service.publish(work, filing_id=filing_id)).id)


@router.post("/filings/{filing_id}/return")
async def return_filing(work: SignedWork, filing_id: UUID, giving_back: Return) -> FilingOut:
    """Return a filed draft to its department with the reason, as the sharing authority."""
    return await _out(work, (await service.give_back(work, filing_id=filing_id, reason=giving_back.reason)).id)


async def _out(work: Work, filing_id: UUID) -> FilingOut:
    await work.session.flush()
    row = await queries.filing(work.session, visible_owners(work), filing_id)
    return (await service.out(work, [row]))[0]
