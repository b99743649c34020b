"""The routes of audit: searching the ledger, and replaying decisions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from exchange.audit import service
from exchange.audit.reporting import CSV, table
from exchange.audit.schemas import EntriesOut, Filter, Person, PersonReportOut, ReplayOut
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1/audit", tags=["ledger"], route_class=SignedRoute, responses=problems())

Index = Annotated[int, Path(ge=0, lt=2**53, description="The entry's index")]


@router.get("/entries", responses=problems(500))
async def search(work: SignedWork, filters: Annotated[Filter, Query()]) -> EntriesOut:
    """Search the ledger, refusals included, as far as your roles allow. The search itself is on the ledger.

    A value that nothing can match, such as an unknown handle or type, is refused: an empty answer means that nothing
    happened.
    """
    return await service.search(work, filters)


@router.get("/entries.csv", response_class=Response, responses={200: {"content": {CSV: {}}}, **problems(500)})
async def export(work: SignedWork, filters: Annotated[Filter, Query()]) -> Response:
    """Search the ledger as `entries` does, and get a table in CSV. `Exchange-Next` is the `start` of the next page."""
    page = await service.search(work, filters)
    headers = {} if page.next is None else {"exchange-next": str(page.next)}
    return Response(table(page), media_type=CSV, headers=headers)


@router.post("/people")
async def report(work: SignedWork, person: Person) -> PersonReportOut:
    """Report who received a person's data, for who may read what is sealed about people in the dataset.

    The person's identifier is in the body, never in an address.
    """
    return await service.report(work, person)


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
