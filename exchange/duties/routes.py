"""The routes of duties."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.duties import service
from exchange.duties.schemas import BoardOut
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1", tags=["duties"], route_class=SignedRoute, responses=problems())
Most = Annotated[int, Query(ge=1, le=500, description="At most so many duties; counters count all")]


@router.get("/organisations/{organisation_id}/duties")
async def read_duties(work: SignedWork, organisation_id: UUID, limit: Most = 500) -> BoardOut:
    """The compliance board of an organisation: for its own members, the sharing authority and the auditor."""
    return await service.board_of(work, organisation_id, limit=limit)


@router.get("/duties")
async def read_all_duties(work: SignedWork, limit: Most = 500) -> BoardOut:
    """The compliance board of all organisations: for the sharing authority and the auditor."""
    return await service.board_of(work, None, limit=limit)
