"""The routes of audit: searching the ledger, and replaying decisions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from exchange.audit import service
from exchange.audit.schemas import EntriesOut, Filter, ReplayOut
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1/audit", tags=["ledger"], route_class=SignedRoute, responses=problems())

Index = Annotated[int, Path(ge=0, lt=2**53, description="The entry's index")]


@router.get("/entries", responses=problems(500))
async def search(work: SignedWork, filters: Annotated[Filter, Query()]) -> EntriesOut:
    """Search the ledger, refusals included, as far as your roles allow. The search itself is on the ledger."""
    return await service.search(work, filters)


@router.get("/entries/{index}/replay")
async def replay(
    work: SignedWork,
    index: Index,
    incarnation: Annotated[
        int | None, Query(ge=1, lt=10_000, description="The incarnation of the ledger; by default the present one")
    ] = None,
) -> ReplayOut:
    """Replay the decision of an entry, for the dataset's owner or an auditor. The replay itself is on the ledger."""
    return await service.replay(work, index, incarnation=incarnation)
