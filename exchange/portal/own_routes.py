"""The routes of what a person sees and asks: uses of their data, requests to owners, and a copy of everything here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from exchange.kernel.web.openapi import problems
from exchange.portal import consenting, opening, tracker
from exchange.portal.person_route import PersonRoute, SignedIn
from exchange.portal.schemas import ConsentOfMineOut, CopyOut, DecisionOfMine, IdentityOut, OpeningOut, UsesOut
from exchange.subjects.requests import service as requests
from exchange.subjects.requests.schemas import NewPersonRequest, PersonRequestOut

router = APIRouter(prefix="/portal", tags=["portal"], route_class=PersonRoute, responses=problems())
_MOST = 1 << 53
_COPIED = 1000


@router.get("/uses")
async def list_uses(
    person: SignedIn,
    before: Annotated[int | None, Query(ge=0, lt=_MOST, description="Only entries before this index")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> UsesOut:
    """Who used which data about you, when and for what, refusals included, newest first, each with its receipt."""
    return await tracker.uses(person.work, await person.identities(), before=before, limit=limit)


@router.get("/uses/{entry}/opening")
async def open_use(person: SignedIn, entry: Annotated[int, Path(ge=0, lt=_MOST)]) -> OpeningOut:
    """The proof that you were in an answer that names nobody, or were not, to verify without the exchange."""
    return await opening.opening(person.work, await person.identities(), entry)


@router.get("/requests")
async def list_requests(person: SignedIn) -> list[PersonRequestOut]:
    """Your requests to owners, newest first, with their answers."""
    return await requests.of_person(person.work, [bound.number for bound in await person.identities()])


@router.post("/requests", status_code=201)
async def send_request(person: SignedIn, new: NewPersonRequest) -> list[PersonRequestOut]:
    """Ask the owner of a dataset, or every owner who identifies you: for access, correction, deletion, an explanation."""
    bound = await person.acting()
    return await requests.send(person.work, {one.identity: one.number for one in bound}, new)


@router.post("/requests/{request_id}/withdrawal")
async def withdraw_request(person: SignedIn, request_id: UUID) -> PersonRequestOut:
    """Withdraw a request that waits for its answer."""
    bound = await person.acting()
    return await requests.withdraw(person.work, [one.number for one in bound], request_id)


@router.get("/consents")
async def list_consents(person: SignedIn) -> list[ConsentOfMineOut]:
    """The notices about your data, and what you decided under them."""
    return await consenting.of_person(person.work, await person.identities())


@router.post("/consents/{notice_id}")
async def decide(person: SignedIn, notice_id: UUID, decision: DecisionOfMine) -> ConsentOfMineOut:
    """Give, refuse, defer or withdraw consent under a notice. It holds for deliveries that begin after the answer."""
    return await consenting.decide(person.work, await person.acting(), notice_id, decision)


@router.get("/copy")
async def copy_everything(person: SignedIn) -> CopyOut:
    """Everything that the exchange holds about you, as one document (PIPL Article 45)."""
    bound = await person.identities()
    page = await tracker.uses(person.work, bound, before=None, limit=_COPIED)
    return CopyOut(
        identities=[IdentityOut(scheme=one.identity.scheme, level=one.level, method=one.method) for one in bound],
        uses=page.uses,
        uses_next=page.next,
        requests=await requests.of_person(person.work, [one.number for one in bound]),
        consents=await consenting.of_person(person.work, bound),
    )
