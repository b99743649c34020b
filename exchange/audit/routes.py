"""The addresses of the audit: search in the ledger, and replay of decisions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from exchange.audit import service
from exchange.audit.schemas import EntriesOut, Filter, ReplayOut
from exchange.kernel.web.openapi import problems
from exchange.participants.door.admit import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1/audit", tags=["ledger"], route_class=SignedRoute, responses=problems())

Index = Annotated[int, Path(ge=0, lt=2**53, description="The entry's index")]


@router.get("/entries", responses=problems(500))
async def search(work: SignedWork, asked: Annotated[Filter, Query()]) -> EntriesOut:
    """Search the ledger, refusals included, as far as your roles let you see it. Reading it is itself on the ledger."""
    return await service.search(work, asked)


@router.get("/entries/{index}/replay")
async def replay(
    work: SignedWork,
    index: Index,
    incarnation: Annotated[
        int | None, Query(ge=1, lt=10_000, description="The incarnation of the ledger; the present one where absent")
    ] = None,
) -> ReplayOut:
    """Make the decision of an entry again, for the dataset's owner or an auditor. It is itself on the ledger."""
    return await service.replay(work, index, incarnation=incarnation)
