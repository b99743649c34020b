"""The routes of subjects. Identifiers of people are in bodies only, never in an address, since logs keep addresses."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.kernel.problems import Problem
from exchange.kernel.web.http import problem_response
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.subjects import queries, reading, service
from exchange.subjects.models import Hold
from exchange.subjects.schemas import (
    ErasureOut,
    HoldOut,
    Lifting,
    NewErasure,
    NewHold,
    NewReading,
    ReadingOut,
)

router = APIRouter(prefix="/api/v1/subjects", tags=["subjects"], route_class=SignedRoute, responses=problems())


@router.post("/details")
async def read_details(work: SignedWork, wanted: NewReading) -> ReadingOut:
    """Read details that are sealed beside an entry, or about a person. The reading itself is on the ledger.

    The exchange's auditors may read all of them; an organisation's auditors and the dataset's owner those about its
    data; and whoever handles a person's request at the exchange those about that person.
    """
    return await reading.read(work, wanted)


@router.post("/erasure", response_model=ErasureOut)
async def erase(work: SignedWork, wanted: NewErasure) -> Any:
    """Destroy a person's key, and with it all sealed details. A hold, or a running retention, refuses it."""
    answer: ErasureOut | Problem = await service.erase(work, wanted)
    return problem_response(answer) if isinstance(answer, Problem) else answer


@router.get("/holds")
async def list_holds(
    work: SignedWork,
    which: Annotated[Literal["standing", "all"], Query(description="Holds in force, or lifted ones too")] = "standing",
) -> list[HoldOut]:
    """Legal holds, oldest first."""
    work.permit("subject", "hold", "exchange")
    return [_hold(row) for row in await queries.holds(work.session, in_force=which == "standing")]


@router.post("/holds", status_code=201)
async def place_hold(work: SignedWork, wanted: NewHold) -> HoldOut:
    """Place a legal hold: until it is lifted, the person's details are not erased."""
    return _hold(await service.place(work, wanted))


@router.post("/holds/{hold_id}/lifting")
async def lift_hold(work: SignedWork, hold_id: UUID, lifting: Lifting) -> HoldOut:
    """Lift a legal hold."""
    return _hold(await service.lift(work, hold_id, reason=lifting.reason))


def _hold(hold: Hold) -> HoldOut:
    return HoldOut.model_validate(
        {
            "id": hold.id,
            "subject": hold.pseudonym.hex(),
            "basis": hold.basis,
            "reason": hold.reason,
            "salt": hold.salt,
            "placed_entry": hold.placed_entry,
            "placed_at": hold.placed_at,
            "lifting": hold.lifting,
            "lifted_at": hold.lifted_at,
        }
    )
