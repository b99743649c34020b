"""The address of proposals."""

from uuid import UUID

from fastapi import APIRouter

from exchange.catalog.proposal import service
from exchange.catalog.proposal.schemas import ProposalOut, ProposalRequest
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=SignedRoute, responses=problems(502))


@router.post("/sources/{source_id}/proposal")
async def propose_fields(work: SignedWork, source_id: UUID, request: ProposalRequest) -> ProposalOut:
    """Propose levels and masks for a source's fields, and show its owner what the masks leave of real values.

    Nothing is stored; the owner drafts a dataset from the answer.
    """
    return await service.propose_fields(work, source_id=source_id, request=request)
