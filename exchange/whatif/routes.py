"""The addresses of what-if."""

from uuid import UUID

from fastapi import APIRouter

from exchange.kernel.web.openapi import problems
from exchange.participants.door.admit import SignedRoute, SignedWork
from exchange.whatif import effects, explaining
from exchange.whatif.schemas import EffectsOut, ExplanationOut, Question

router = APIRouter(prefix="/api/v1", tags=["deliveries"], route_class=SignedRoute, responses=problems())


@router.post("/policy/explanations")
async def explain(work: SignedWork, question: Question) -> ExplanationOut:
    """What would be decided about a delivery, and why: every rule that speaks, each obligation with whose word it is."""
    return await explaining.explain(work, question)


@router.post("/datasets/{dataset_id}/draft/effects")
async def foresee(work: SignedWork, dataset_id: UUID) -> EffectsOut:
    """What publishing a dataset's draft would change: of agreements that run, and of deliveries that were made."""
    return await effects.effects(work, dataset_id=dataset_id)
