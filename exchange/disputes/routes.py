"""The routes of disputes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.disputes import queries, service
from exchange.disputes.schemas import DisputeOut, DisputeStep, NewDispute
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading

router = APIRouter(prefix="/api/v1/disputes", tags=["disputes"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_disputes(
    work: SignedWork,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[DisputeOut]:
    """The disputes that your organisation is a side of."""
    rows = await queries.disputes(work.session, demand_reading(work, "dispute"), after=after, limit=limit)
    return await service.read_out(work, rows)


@router.post("", status_code=201)
async def open_dispute(work: SignedWork, new: NewDispute) -> DisputeOut:
    """Open a dispute about an application or an agreement between departments."""
    [out] = await service.read_out(work, [await service.open_dispute(work, new)])
    return out


@router.get("/{dispute_id}")
async def read_dispute(work: SignedWork, dispute_id: UUID) -> DisputeOut:
    """One dispute."""
    row = await queries.dispute(work.session, demand_reading(work, "dispute"), dispute_id)
    [out] = await service.read_out(work, [row])
    return out


@router.post("/{dispute_id}/steps")
async def take_step(work: SignedWork, dispute_id: UUID, step: DisputeStep) -> DisputeOut:
    """Take a step: settle or apply to the authority as a side; coordinate, agree, refer or decide as the authority."""
    [out] = await service.read_out(work, [await service.take(work, dispute_id=dispute_id, step=step)])
    return out
