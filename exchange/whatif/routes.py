"""The addresses of what-if."""

from uuid import UUID

from fastapi import APIRouter

from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.whatif import effects, explaining
from exchange.whatif.schemas import EffectsOut, ExplanationOut, Question

router = APIRouter(prefix="/api/v1", tags=["deliveries"], route_class=SignedRoute, responses=problems())


@router.post("/policy/explanations")
async def explain(work: SignedWork, question: Question) -> ExplanationOut:
    """Explain the decision about a delivery: each rule that applies, and each obligation with its origin."""
    return await explaining.explain(work, question)


@router.post("/datasets/{dataset_id}/draft/effects")
async def foresee(work: SignedWork, dataset_id: UUID) -> EffectsOut:
    """Foresee the effects of publishing a dataset's draft on running agreements and past deliveries."""
    return await effects.foresee(work, dataset_id=dataset_id)
