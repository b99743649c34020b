"""The routes of what a person shows: the answers about them, and their one-time codes."""

from uuid import UUID

from fastapi import APIRouter

from exchange.answers.codes import service as codes
from exchange.answers.codes.schemas import CodeOfMineOut, CodeOut, NewCode
from exchange.kernel.web.openapi import problems
from exchange.portal.binding import numbers_of
from exchange.portal.person_route import PersonRoute, SignedIn
from exchange.portal.showing import offers
from exchange.portal.showing.schemas import ShowableOut

router = APIRouter(prefix="/portal", tags=["portal"], route_class=PersonRoute, responses=problems())


@router.get("/answers")
async def list_answers(person: SignedIn) -> list[ShowableOut]:
    """What can be shown about you by yes or no, and which organisations may be shown it for which purpose."""
    return await offers.of_person(person.work, numbers_of(await person.identities()))


@router.post("/codes", status_code=201)
async def issue_code(person: SignedIn, new: NewCode) -> CodeOut:
    """Make a code that shows one organisation chosen answers about you, once, for minutes. Its text is in this answer only."""
    return await codes.issue(person.work, identities=numbers_of(await person.identities()), new=new)


@router.get("/codes")
async def list_codes(person: SignedIn) -> list[CodeOfMineOut]:
    """Your newest codes with their states, without their texts."""
    return await codes.of_person(person.work, [bound.number for bound in await person.identities()])


@router.delete("/codes/{code_id}", status_code=204)
async def revoke_code(person: SignedIn, code_id: UUID) -> None:
    """Revoke a code of yours: it shows nothing from now on. A code that has ended stays as it is."""
    await codes.revoke(person.work, code_id, subjects=[bound.number for bound in await person.identities()])
