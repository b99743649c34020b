"""The routes of the portal: sign-in, the account, its sessions and identities. Codes are given by organisations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from exchange.kernel.problems import NotFound
from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.portal import binding, queries, sessions, signing_in
from exchange.portal.person_route import PersonRoute, SignedIn
from exchange.portal.schemas import AccountOut, CodeOut, IdentityOut, NewBinding, NewShownCode, SessionOut
from exchange.portal.settings import PortalSettings

public = APIRouter(prefix="/portal", tags=["portal"], responses=problems(public=True))
router = APIRouter(prefix="/portal", tags=["portal"], route_class=PersonRoute, responses=problems())
owners = APIRouter(prefix="/api/v1/subjects", tags=["subjects"], route_class=SignedRoute, responses=problems())

_NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
Text = Annotated[str, Query(min_length=1, max_length=2000)]


@public.get("/sign-in", include_in_schema=False)
async def sign_in(request: Request) -> Response:
    """Begin a sign-in: the browser goes to the identity provider."""
    begun = await signing_in.begin(runtime_of(request))
    response = RedirectResponse(begun.url, status_code=303, headers=_NO_STORE)
    # Lax, since the provider's redirect brings the browser back from another site.
    sessions.set_cookie(
        response, sessions.SIGN_IN_COOKIE, begun.browser, seconds=sessions.SIGN_IN_SECONDS, strict=False
    )
    return response


@public.get("/sign-in/callback", include_in_schema=False)
async def finish_sign_in(
    request: Request, code: Text, state: Text, iss: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    """Finish a sign-in: the provider's code becomes a session. Where the browser goes then is a setting."""
    runtime = runtime_of(request)
    browser = request.cookies.get(sessions.SIGN_IN_COOKIE)
    token = await signing_in.finish(runtime, code=code, state=state, issuer=iss, browser=browser)
    settings = runtime[PortalSettings]
    response = RedirectResponse(settings.portal_home, status_code=303, headers=_NO_STORE)
    sessions.set_cookie(
        response, sessions.SESSION_COOKIE, token, seconds=settings.portal_session_minutes * 60, strict=True
    )
    sessions.drop_cookie(response, sessions.SIGN_IN_COOKIE)
    return response


@router.get("/me")
async def who_am_i(person: SignedIn) -> AccountOut:
    """Who is signed in, and by which identifiers owners know them."""
    bound = await binding.identities_of(person.work, person.session.account)
    return AccountOut(
        account=person.session.account,
        identities=[IdentityOut(scheme=one.identity.scheme, level=one.level, method=one.method) for one in bound],
        session=person.session.id,
        level=person.session.level,
        method=person.session.method,
    )


@router.post("/identities", status_code=204)
async def bind_identity(person: SignedIn, new: NewBinding) -> None:
    """Bind an identifier of yours with the code that an organisation gave you, once."""
    await binding.bind_by_code(person.work, person.session.account, new)


@router.get("/sessions")
async def list_sessions(person: SignedIn) -> list[SessionOut]:
    """Your sessions that hold, newest first."""
    return [
        SessionOut(
            id=row.id,
            level=row.level,
            method=row.method,
            created_at=row.created_at,
            seen_at=row.seen_at,
            ends_at=row.ends_at,
            is_this=row.id == person.session.id,
        )
        for row in await sessions.held_by(person.work, person.session.account)
    ]


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(person: SignedIn, session_id: UUID) -> None:
    """End one of your sessions, such as that of a lost telephone."""
    if not await queries.end_session(person.work.session, person.session.account, session_id):
        raise NotFound("You have no session with this id.")


@router.post("/sign-out", status_code=204)
async def sign_out(person: SignedIn, response: Response) -> None:
    """End this session: its cookie is worth nothing from now on, wherever a copy of it is."""
    await queries.end_token(person.work.session, person.session.token)
    sessions.drop_cookie(response, sessions.SESSION_COOKIE)


@owners.post("/codes", status_code=201)
async def give_code(work: SignedWork, new: NewShownCode) -> CodeOut:
    """Make a code with which a person whom you know binds their identifier to their account at the portal, once."""
    return await binding.give_code(work, new)
