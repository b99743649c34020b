"""The door: every route that acts for somebody goes through here.

A `SignedRoute` authenticates before FastAPI looks at the request, runs the verb in one unit of work, commits it with
its ledger entries, and only then lets the answer go, signed. A refusal is written to the ledger in a transaction of
its own, since the work's is rolled back.
"""

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import signatures
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import FAILURES, AsyncSession, IntegrityError, is_value_refused
from exchange.kernel.logs import log
from exchange.kernel.problems import (
    Conflict,
    InternalError,
    LedgerHalted,
    LedgerUnavailable,
    Problem,
    RequestInvalid,
    TooManyRefusals,
    UnsupportedMediaType,
)
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.http import (
    body_of,
    check_members,
    headers_of,
    http_problem,
    problem_response,
    runtime_of,
    target_uri_of,
    validation_problem,
)
from exchange.kernel.web.openapi import SIGNED
from exchange.kernel.work import Work
from exchange.participants import errors, queries
from exchange.participants.door import signed as authentication
from exchange.participants.door.rate_limit import RateLimit
from exchange.participants.door.settings import DoorSettings
from exchange.participants.door.signed import Sender
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted
from ledger.log.sequencer import SequencerClosed
from signatures import SignedRequest

REPLAYED = "This key has used this nonce before; every request needs a fresh one."
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
DATABASE_FAILURES = (SequencerClosed, Halted, *FAILURES)


@dataclass(slots=True)
class Claim:
    """What is established so far of who sent a request. Nothing of a signature that did not verify goes any further."""

    signed: SignedRequest | None = None
    is_known: bool = False
    """Whether the key that the request names is registered."""
    sender: Sender | None = None
    is_replay: bool = False

    @property
    def is_established(self) -> bool:
        """Whether the sender sent this request, now."""
        return self.sender is not None and not self.is_replay

    @property
    def actor(self) -> entries.Actor:
        """The sender as entries name it; a key alone where it is registered and did not sign."""
        if self.sender is not None:
            return self.sender.holder.principal.actor
        return entries.Actor(key=self.signed.keyid if self.signed is not None and self.is_known else None)

    @property
    def evidence(self) -> entries.Request | None:
        """The evidence of a request that the sender signed."""
        return self.sender.evidence if self.sender is not None else None


class SignedRoute(APIRoute):
    """A route whose requests are signed; its endpoint takes the work as `SignedWork`."""

    streams_body = False
    """Whether the endpoint reads the body itself and checks its digest; the signature still has to cover it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["openapi_extra"] = {**SIGNED, **(kwargs.get("openapi_extra") or {})}
        super().__init__(*args, **kwargs)

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handling of the request in authentication, the unit of work, and the signed answer."""
        inner = super().get_route_handler()
        streams_body = self.streams_body

        async def handle(request: Request) -> Response:
            return await _pass(request, inner, streams_body=streams_body)

        return handle


class UploadRoute(SignedRoute):
    """A signed route whose endpoint reads a large body as it arrives."""

    streams_body = True


async def _pass(request: Request, inner: Handler, *, streams_body: bool) -> Response:
    runtime = runtime_of(request)
    claim = Claim()
    try:
        headers = headers_of(request)
        claim.signed = signed = authentication.read(
            method=request.method, target_uri=target_uri_of(request.scope, headers, runtime.settings), headers=headers
        )
        async with runtime.database.sessions() as session:
            work = await _admit(request, runtime, session, claim, signed, headers, streams_body=streams_body)
            request.state.work = work
            response = await inner(request)
            await work.commit()
    except store.Replayed:
        claim.is_replay = True
        return await _refuse(request, runtime, claim, errors.NonceReused(REPLAYED))
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is answered in the one form and recorded
        problem = _problem_of(error)
        if isinstance(error, Halted):
            return problem_response(problem)
        if isinstance(problem, LedgerUnavailable | InternalError):
            log().error("work failed", exc_info=error, method=request.method)
        return await _refuse(request, runtime, claim, problem)
    if work.appended:
        response.headers["exchange-entry"] = str(work.appended[0])
    return sign(response, runtime=runtime, signed=signed)


async def _admit(
    request: Request,
    runtime: Runtime,
    session: AsyncSession,
    claim: Claim,
    signed: SignedRequest,
    headers: Mapping[str, str],
    *,
    streams_body: bool,
) -> Work:
    """Establish the sender and begin its work. No connection is held while the body comes in."""
    met = await queries.admission(session, keyid=signed.keyid, nonce=authentication.nonce_of(signed))
    await session.rollback()
    claim.is_known = met.holder is not None
    authentication.check_times(signed, settings=runtime[DoorSettings], clock=runtime.clock)
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    authentication.check_coverage(signed, has_body=has_body, purpose=False)
    body = b"" if streams_body else await body_of(request, limit=runtime.settings.body_bytes_max)
    holder = authentication.check_key(met.holder, at=runtime.clock.now())
    claim.sender = sender = authentication.check_signature(signed, holder)
    if body:
        authentication.check_body(headers.get("content-digest"), hashlib.sha256(body).digest())
        _check_media_type(headers.get("content-type", ""))
    authentication.check_standing(sender.holder)
    if met.is_used:
        raise store.Replayed
    check_members(body)

    async def confirm() -> None:
        async with runtime.database.aside() as aside:
            now = authentication.check_key(await queries.key_holder(aside, signed.keyid), at=runtime.clock.now())
        authentication.check_standing(now)
        if now.principal != sender.holder.principal:
            raise Conflict("Your roles were changed while this was done; send the request again.")

    return Work(
        session, sender.holder.principal, runtime, sender.evidence, nonce=sender.nonce, fence=met.fence, confirm=confirm
    )


def _problem_of(error: Exception) -> Problem:
    """What an error says about the request, or about the exchange where it says nothing about the request."""
    problem: Problem = InternalError("The exchange failed and changed nothing; its log holds the cause.")
    if isinstance(error, Problem):
        problem = error
    elif isinstance(error, RequestValidationError):
        problem = validation_problem(error)
    elif isinstance(error, HTTPException):
        problem = http_problem(error)
    elif isinstance(error, IntegrityError):
        problem = Conflict("Another object has this name or number already, perhaps since a moment ago.")
    elif is_value_refused(error):
        problem = RequestInvalid("A value holds a character, or has a size, that the exchange cannot keep.")
    elif isinstance(error, DATABASE_FAILURES):
        problem = unwritable(error, "Look whether it was done before you try again.")
    return problem


def unwritable(error: Exception, detail: str) -> Problem:
    """What to tell where the ledger could not be written; `detail` where trying again may help."""
    if isinstance(error, Halted):
        return LedgerHalted("Nothing was done. The exchange's operator has to act before it takes anything in again.")
    return LedgerUnavailable(detail, headers={"Retry-After": "1"})


def _check_media_type(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise UnsupportedMediaType("Send the document as application/json.")


async def _refuse(request: Request, runtime: Runtime, claim: Claim, problem: Problem) -> Response:
    """Put a refusal on the ledger where the request was signed at all, and answer it."""
    route = request.scope.get("route")
    body = entries.RequestRefused(
        at=rfc3339(runtime.clock.now()),
        actor=claim.actor,
        request=claim.evidence,
        method=request.method,
        problem=problem.slug,
        route=getattr(route, "path", ""),
    )
    try:
        return await refuse(request, runtime, claim, problem, body)
    except store.Replayed:
        claim.is_replay = True
        return await _refuse(request, runtime, claim, problem)
    except DATABASE_FAILURES as error:
        return problem_response(unwritable(error, "The refusal could not be put on the ledger; try again later."))


async def refuse(
    request: Request,
    runtime: Runtime,
    claim: Claim,
    problem: Problem,
    body: entries.Body,
    *,
    fence: int | None = None,
    sealed: tuple[store.Sealed, ...] = (),
) -> Response:
    """Append a refusal, with the nonce it uses up and what is sealed beside it, and answer it, signed.

    A request without a signature leaves no entry: nobody claimed anything. Of those whose sender is not established only
    so many a minute do. Raises store.Replayed, store.FenceMoved.
    """
    if claim.signed is None and "signature-input" not in request.headers:
        return problem_response(problem)
    if not claim.is_established and not runtime[RateLimit].take():
        return problem_response(
            TooManyRefusals(
                "Wait a minute, and see what was wrong with the earlier ones.", headers={"Retry-After": "60"}
            )
        )
    nonce = claim.sender.nonce if claim.sender is not None and claim.is_established else None
    index = await runtime.sequencer.append(store.Submission(body.canonical(), nonce=nonce, fence=fence, sealed=sealed))
    response = problem_response(problem, entry=index)
    response.headers["exchange-entry"] = str(index)
    return sign(response, runtime=runtime, signed=claim.signed) if claim.signed else response


def sign(response: Response, *, runtime: Runtime, signed: SignedRequest) -> Response:
    """Sign a complete answer, bound to the request it answers."""
    body = bytes(response.body)
    response.headers["content-digest"] = signatures.content_digest(body)
    response.headers.update(
        signatures.sign_response(
            key=runtime.key.pair,
            keyid=runtime.key.keyid,
            status=response.status_code,
            headers={
                name: response.headers[name]
                for name in ("content-digest", "exchange-entry")
                if name in response.headers
            },
            request=signed,
            created=runtime.clock.seconds(),
        )
    )
    return response


async def current_work(request: Request) -> Work:
    """The work of the request; only a SignedRoute has one."""
    work: Work = request.state.work
    return work


SignedWork = Annotated[Work, Depends(current_work)]
