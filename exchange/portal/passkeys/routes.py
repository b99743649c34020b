"""The routes of passkeys: in a session, at a sign-in, and at an enrolment with a desk's code."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from exchange.portal import sessions
from exchange.portal.passkeys import queries, service
from exchange.portal.passkeys.models import Passkey
from exchange.portal.passkeys.schemas import Enrolment, NewPasskey, OptionsOut, PasskeyAnswer, PasskeyOut
from exchange.portal.person_route import PageRoute, PersonRoute, SignedIn
from exchange.portal.settings import PortalSettings

router = APIRouter(prefix="/portal", tags=["portal"], route_class=PersonRoute, responses=problems())
public = APIRouter(prefix="/portal", tags=["portal"], route_class=PageRoute, responses=problems())


@router.post("/passkeys/options")
async def begin_registration(person: SignedIn) -> OptionsOut:
    """Begin to register a passkey: what the browser is asked for, within five minutes."""
    return OptionsOut(options=await service.begin_registration(person.work, person.session.account))


@router.post("/passkeys", status_code=201)
async def register(person: SignedIn, new: NewPasskey) -> PasskeyOut:
    """Register the passkey that the browser made, with which you sign in from now on."""
    await person.name_actor()
    return _out(await service.register(person.work, person.session.account, new))


@router.get("/passkeys")
async def list_passkeys(person: SignedIn) -> list[PasskeyOut]:
    """Your passkeys, oldest first."""
    return [_out(passkey) for passkey in await queries.of_account(person.work.session, person.session.account)]


@router.delete("/passkeys/{passkey_id}", status_code=204)
async def remove(person: SignedIn, passkey_id: UUID) -> None:
    """Remove a passkey, such as that of a lost telephone. The last way into your account stays."""
    await person.name_actor()
    await service.remove(person.work, person.session.account, passkey_id)


@public.post("/sign-in/passkey/options")
async def begin_sign_in(request: Request, response: Response) -> OptionsOut:
    """Begin a sign-in with a passkey, in this browser, within five minutes."""
    browser = sessions.new_token()
    options = await service.begin_sign_in(runtime_of(request), browser)
    _remember(response, browser)
    return OptionsOut(options=options)


@public.post("/sign-in/passkey", status_code=204)
async def sign_in(request: Request, response: Response, answer: PasskeyAnswer) -> None:
    """Sign in with a passkey: the answer has the cookie of a new session."""
    browser = request.cookies.get(sessions.SIGN_IN_COOKIE)
    _enter(request, response, await service.sign_in(runtime_of(request), browser, answer.credential))


@public.post("/enrolment/options")
async def begin_enrolment(request: Request, response: Response) -> OptionsOut:
    """Begin an account with a passkey, where an organisation that knows you gave you a code and the exchange allows it."""
    browser = sessions.new_token()
    options = await service.begin_enrolment(runtime_of(request), browser)
    _remember(response, browser)
    return OptionsOut(options=options)


@public.post("/enrolment", status_code=204)
async def enrol(request: Request, response: Response, new: Enrolment) -> None:
    """Make an account of the code, your identifier and the passkey: the answer has the cookie of its first session."""
    browser = request.cookies.get(sessions.SIGN_IN_COOKIE)
    _enter(request, response, await service.enrol(runtime_of(request), browser, new))


def _remember(response: Response, browser: str) -> None:
    sessions.set_cookie(response, sessions.SIGN_IN_COOKIE, browser, seconds=sessions.SIGN_IN_SECONDS, strict=True)


def _enter(request: Request, response: Response, token: str) -> None:
    seconds = runtime_of(request)[PortalSettings].portal_session_minutes * 60
    sessions.set_cookie(response, sessions.SESSION_COOKIE, token, seconds=seconds, strict=True)
    sessions.drop_cookie(response, sessions.SIGN_IN_COOKIE)


def _out(passkey: Passkey) -> PasskeyOut:
    return PasskeyOut(
        id=passkey.id,
        name=passkey.name,
        is_synced=passkey.is_synced,
        created_at=passkey.created_at,
        used_at=passkey.used_at,
        regressed_at=passkey.regressed_at,
    )
