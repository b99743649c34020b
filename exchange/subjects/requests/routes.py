"""The routes of people's requests, for the organisations that answer them. People use the portal's."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.subjects.requests import service
from exchange.subjects.requests.schemas import NewAnswer, NewRefusal, NewRestriction, PersonRequestOut, State

router = APIRouter(prefix="/api/v1/person-requests", tags=["subjects"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_requests(
    work: SignedWork,
    state: Annotated[State | None, Query(description="Only those in this state")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[PersonRequestOut]:
    """Requests of people to your organisation, by id, without who they are about."""
    return await service.listed(work, state=state, after=after, limit=limit)


@router.post("/{request_id}/reading")
async def read_request(work: SignedWork, request_id: UUID) -> PersonRequestOut:
    """Open a request to your organisation: who it is about and what they want. The reading is on the ledger."""
    return await service.read(work, request_id)


@router.post("/{request_id}/grant")
async def grant_request(work: SignedWork, request_id: UUID, answer: NewAnswer) -> PersonRequestOut:
    """Grant a request, with the data or a statement of what was done."""
    return await service.grant(work, request_id, answer)


@router.post("/{request_id}/refusal")
async def refuse_request(work: SignedWork, request_id: UUID, refusal: NewRefusal) -> PersonRequestOut:
    """Refuse a request, with reasons and where the person can complain."""
    return await service.refuse(work, request_id, refusal)


@router.post("/{request_id}/restriction")
async def restrict_data(work: SignedWork, request_id: UUID, restriction: NewRestriction) -> PersonRequestOut:
    """Store the data and do nothing else with it, where a law forbids its deletion."""
    return await service.restrict(work, request_id, restriction)
