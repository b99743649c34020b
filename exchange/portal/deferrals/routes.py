"""The routes of deferrals, for organisations that ask for data."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading
from exchange.portal.deferrals import queries, service
from exchange.portal.deferrals.schemas import DeferralOut, NewDeferral

router = APIRouter(
    prefix="/api/v1/disclosures/deferrals", tags=["disclosures"], route_class=SignedRoute, responses=problems()
)


@router.get("")
async def list_deferrals(
    work: SignedWork,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[DeferralOut]:
    """The deferrals of your organisation; auditors of the exchange see all."""
    rows = await queries.deferrals(work.session, demand_reading(work, "disclosure"), after=after, limit=limit)
    return [DeferralOut.model_validate(row) for row in rows]


@router.post("", status_code=201)
async def propose_deferral(work: SignedWork, new: NewDeferral) -> DeferralOut:
    """Propose that uses of a dataset for a purpose appear to the people in it later, as a law demands."""
    return DeferralOut.model_validate(await service.propose(work, new))


@router.post("/{deferral_id}/confirmation")
async def confirm_deferral(work: SignedWork, deferral_id: UUID) -> DeferralOut:
    """Confirm what another person of your organisation proposed. It covers what follows."""
    return DeferralOut.model_validate(await service.confirm(work, deferral_id))
