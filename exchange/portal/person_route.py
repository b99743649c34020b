"""Routes of people: each request belongs to a session and to a page of this exchange, and is one transaction.

A session is evidence like a signature: an act's entry has a MAC over what was sent, under the session's secret, so that
whoever keeps the session's digest can show that this was confirmed, and nobody can guess what was from the entry.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from exchange.kernel.logs import log
from exchange.kernel.problems import InternalError, LedgerUnavailable, UnsupportedMediaType
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.http import body_of, check_members, headers_of, problem_response, runtime_of
from exchange.kernel.work import Caller, Work
from exchange.participants.door.answers import problem_of
from exchange.participants.door.evidence import Confirmation
from exchange.portal import binding, sessions
from exchange.portal.binding import Bound, principal_of
from exchange.portal.errors import IdentityUnbound, OriginRefused, SessionMissing
from exchange.portal.sessions import SESSION_COOKIE, SessionView
from exchange.portal.settings import PortalSettings
from exchange.subjects import keys

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
SECURITY: Final[dict[str, Any]] = {"security": [{"session": []}]}
_SAFE = frozenset({"GET", "HEAD"})
_NO_STORE = "no-store"


@dataclass(frozen=True, slots=True)
class Person:
    """The person of a request: the work, and the session that it belongs to."""

    work: Work
    session: SessionView

    async def identities(self) -> list[Bound]:
        """The identifiers of the person. Raises IdentityUnbound where there is none."""
        bound = await binding.identities_of(self.work, self.session.account)
        if not bound:
            raise IdentityUnbound("POST /portal/identities takes the code and your identifier.")
        return bound

    async def acting(self) -> list[Bound]:
        """The identifiers of a person who acts: entries of the work name the person by the first one's pseudonym."""
        bound = await self.identities()
        await self.work.pause()
        subject = (await keys.ensure(self.work.runtime, [bound[0].identity]))[bound[0].identity]
        evidence = self.work.caller.evidence
        if isinstance(evidence, Confirmation):
            evidence = replace(evidence, person=subject.pseudonym.hex())
        self.work.caller = Caller(self.work.principal, evidence)
        return bound

    async def name_actor(self) -> None:
        """Name the person in entries of the work, as `acting` does; without an identifier they name nobody."""
        if await binding.identities_of(self.work, self.session.account):
            await self.acting()


class PageRoute(APIRoute):
    """A route that a page of the exchange calls before anybody is signed in: its endpoint looks after its own work."""

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handling in the checks of origin and body."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                await _checked_body(request, runtime_of(request))
                response = await inner(request)
            except ClientDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - every error is answered in the one form
                return _refuse(error)
            response.headers["cache-control"] = _NO_STORE
            return response

        return handle


class PersonRoute(APIRoute):
    """A route whose requests belong to a session; its endpoint takes the person as `SignedIn`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["openapi_extra"] = {**SECURITY, **(kwargs.get("openapi_extra") or {})}
        super().__init__(*args, **kwargs)

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handling in the checks of origin and session, and in the unit of work."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await _handle(request, inner)

        return handle


async def _handle(request: Request, inner: Handler) -> Response:
    runtime = runtime_of(request)
    try:
        body = await _checked_body(request, runtime)
        async with runtime.database.sessions() as session:
            view = await _find(request, runtime)
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            evidence = Confirmation.of(
                b"\n".join((request.method.encode(), target.encode(), body)),
                key=view.token,
                level=view.level,
                method=view.method,
            )
            work = Work(session, Caller(principal_of(view.account), evidence), runtime)
            request.state.person = Person(work, view)
            response = await inner(request)
            await work.commit()
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - every error is answered in the one form
        return _refuse(error)
    if work.appended:
        response.headers["exchange-entry"] = str(work.appended[0])
    response.headers["cache-control"] = _NO_STORE
    return response


async def _checked_body(request: Request, runtime: Runtime) -> bytes:
    """The body of a page's request. Raises OriginRefused, ContentTooLarge, UnsupportedMediaType and what check_members does."""
    check_origin(request, runtime)
    body = await body_of(request, settings=runtime.settings)
    _check_body(request, body)
    check_members(body)
    return body


async def _find(request: Request, runtime: Runtime) -> SessionView:
    token = request.cookies.get(SESSION_COOKIE)
    view = None
    if token:
        async with runtime.database.sessions() as session:
            view = await sessions.find(session, runtime[PortalSettings], token, now=runtime.clock.now())
            await session.commit()
    if view is None:
        raise SessionMissing("Begin at /portal/sign-in.")
    return view


def check_origin(request: Request, runtime: Runtime) -> None:
    """Refuse a request that changes something and comes from another site's page, or from who knows where.

    By `Sec-Fetch-Site`, which browsers set and pages cannot; else by `Origin`. Raises OriginRefused.
    """
    headers = headers_of(request)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if request.method in _SAFE:
        if site in {"cross-site", "same-site"} and headers.get("sec-fetch-mode") != "navigate":
            raise OriginRefused("Read it from a page of this exchange.")
        return
    parts = urlsplit(runtime.settings.public_url)
    own = f"{parts.scheme}://{parts.netloc}"
    if (site is not None and site != "same-origin") or (origin is None and site is None) or origin not in {own, None}:
        raise OriginRefused("Send it from a page of this exchange, whose address is in `Origin`.")


def _check_body(request: Request, body: bytes) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media_type != "application/json":
        raise UnsupportedMediaType("Send the document as application/json.")


def _refuse(error: Exception) -> Response:
    problem = problem_of(error)
    if isinstance(problem, LedgerUnavailable | InternalError):
        log().error("work of a person failed", exc_info=error)
    response = problem_response(problem)
    response.headers["cache-control"] = _NO_STORE
    return response


async def current_person(request: Request) -> Person:
    """The person of the request; only a PersonRoute has one."""
    person: Person = request.state.person
    return person


SignedIn = Annotated[Person, Depends(current_person)]
