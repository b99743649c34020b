"""Signed routes: each request is admitted, does its work in one transaction with its entries, and is answered signed.

Authentication comes before FastAPI looks at the request, and the commit before the answer leaves.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from exchange.kernel.database import AsyncSession
from exchange.kernel.logs import log
from exchange.kernel.problems import Conflict, InternalError, LedgerUnavailable
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.access import entry_of, template_of
from exchange.kernel.web.http import check_members, paced, problem_response, runtime_of
from exchange.kernel.web.openapi import SIGNED
from exchange.kernel.work import Work
from exchange.participants import errors, queries
from exchange.participants.door import signed as checks
from exchange.participants.door.admit import Admission, Way
from exchange.participants.door.answers import NONCE_REFUSALS, as_copy, problem_of, refuse, sign
from exchange.participants.door.evidence import Sender
from exchange.participants.door.rate_limit import Changes
from exchange.participants.queries import KeyLookup
from ledger.log import store
from ledger.log.head import Halted
from policies.roles.roles import EXCHANGE
from signatures import SignedRequest

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class SignedRoute(APIRoute):
    """A route whose requests are signed; its endpoint takes the work as `SignedWork`."""

    way: ClassVar[Way] = Way()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["openapi_extra"] = {**SIGNED, **(kwargs.get("openapi_extra") or {})}
        super().__init__(*args, **kwargs)

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handling of the request in admission, the unit of work, and the signed answer."""
        inner, way = super().get_route_handler(), self.way

        async def handle(request: Request) -> Response:
            return await _handle(request, inner, way)

        return handle


class UploadRoute(SignedRoute):
    """A signed route whose endpoint reads a large body as it arrives, and checks its digest."""

    way = Way(streams_body=True)


async def _handle(request: Request, inner: Handler, way: Way) -> Response:
    runtime = runtime_of(request)
    admission = Admission(request, runtime)
    try:
        async with runtime.database.sessions() as session:
            sender = await _admit(admission, way, session)
            if way.streams_body:
                sender = admission.claim = await _use_nonce(runtime, sender)
                request = Request(request.scope, paced(request.receive, runtime.settings))
            check_members(admission.body)
            request.state.work = work = _begin(runtime, session, sender)
            response = await inner(request)
            _check_allowance(work)
            await work.commit()
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - every error is answered in the one form and recorded
        return await _refuse(request, runtime, admission, error)
    if work.appended:
        response.headers["exchange-entry"] = str(work.appended[0])
    return sign(response, runtime=runtime, signed=sender.signed)


async def _admit(admission: Admission, way: Way, session: AsyncSession) -> Sender:
    """Establish the sender. The lookup gives its connection back, so that none is held while the body comes in."""

    async def look_up(signed: SignedRequest) -> KeyLookup:
        status = await queries.key_lookup(session, keyid=signed.keyid, nonce=checks.nonce_of(signed))
        await session.rollback()
        return status

    return await admission.run(way, look_up)


async def _use_nonce(runtime: Runtime, sender: Sender) -> Sender:
    """Use the nonce up before a large body comes in, so that no copy can wait with one. Raises store.Replayed, store.Expired."""
    if sender.nonce is not None:
        async with runtime.database.pool.acquire() as connection:
            await store.use_nonce(connection, sender.nonce)
    return replace(sender, nonce=None)


def _begin(runtime: Runtime, session: AsyncSession, sender: Sender) -> Work:
    """The sender's work. If the fence moves, the sender is looked up again before the work commits."""

    async def confirm() -> None:
        async with runtime.database.aside() as aside:
            holder = checks.check_key(await queries.key_holder(aside, sender.signed.keyid), at=runtime.clock.now())
        checks.check_standing(holder)
        if holder.principal != sender.holder.principal:
            raise Conflict("Your roles changed while the request was handled; send it again.")

    return Work(session, sender.caller, runtime, nonce=sender.nonce, fence=sender.fence, confirm=confirm)


def _check_allowance(work: Work) -> None:
    """Count a change on which decisions rest. Roles in the exchange have no limit. Raises TooManyChanges."""
    principal = work.principal
    if not work.moves_fence or any(domain == EXCHANGE for _, domain in principal.assignments):
        return
    if not work.runtime[Changes].take(principal.organisation):
        raise errors.TooManyChanges("Nothing was changed; send the request again.", headers={"Retry-After": "10"})


async def _refuse(request: Request, runtime: Runtime, admission: Admission, error: Exception) -> Response:
    problem, claim = problem_of(error), admission.claim
    if isinstance(error, Halted):
        return problem_response(problem)
    if isinstance(error, NONCE_REFUSALS):
        claim = as_copy(claim)
    response = await refuse(request, runtime, claim, problem)
    if isinstance(problem, LedgerUnavailable | InternalError):
        log().error(
            "work failed",
            exc_info=error,
            method=request.method,
            route=template_of(request.scope),
            entry=entry_of(response),
        )
    return response


async def current_work(request: Request) -> Work:
    """The work of the request; only a SignedRoute has one."""
    work: Work = request.state.work
    return work


SignedWork = Annotated[Work, Depends(current_work)]
