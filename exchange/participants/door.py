"""The door: every route that acts for somebody goes through here.

A `SignedRoute` authenticates before FastAPI looks at the request, runs the verb in one unit of work, commits it with
its ledger entries, and only then lets the answer go, signed. A refusal is written to the ledger in a transaction of
its own, since the work's is rolled back.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from exchange.kernel.clock import rfc3339
from exchange.kernel.database import FAILURES, IntegrityError, is_value_refused
from exchange.kernel.http import (
    body_of,
    headers_of,
    http_problem,
    problem_response,
    runtime_of,
    target_uri_of,
    validation_problem,
)
from exchange.kernel.logs import log
from exchange.kernel.openapi import SIGNED
from exchange.kernel.problems import Conflict, LedgerUnavailable, Problem, RequestInvalid, UnsupportedMediaType
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Work, driver
from exchange.participants import authentication, errors, queries
from exchange.participants.authentication import Sender
from ledger import bodies, signatures, store
from ledger.sequencer import SequencerClosed
from ledger.signatures import SignedRequest

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
DATABASE_FAILURES = (SequencerClosed, *FAILURES)


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
    signed: SignedRequest | None = None
    sender: Sender | None = None
    try:
        headers = headers_of(request)
        signed = authentication.read(
            method=request.method, target_uri=target_uri_of(request, runtime.settings), headers=headers
        )
        authentication.check_times(signed, settings=runtime.settings, clock=runtime.clock)
        has_body = "content-length" in headers or "transfer-encoding" in headers
        authentication.check_coverage(signed, has_body=has_body and headers.get("content-length") != "0", purpose=False)
        body = b"" if streams_body else await body_of(request, limit=runtime.settings.body_bytes_max)
        async with runtime.database.sessions() as session:
            holder = await queries.key_holder(session, signed.keyid)
            sender = authentication.check_signature(signed, authentication.check_key(holder, at=runtime.clock.now()))
            if body:
                authentication.check_body(headers.get("content-digest"), hashlib.sha256(body).digest())
                _check_media_type(headers.get("content-type", ""))
            authentication.check_standing(sender.holder)
            if not await store.take(await driver(session), [sender.once]):
                raise errors.NonceReused("This key has used this nonce before; every request needs a fresh one.")
            work = Work(session, sender.holder.principal, runtime, sender.evidence)
            request.state.work = work
            request.state.signed = signed
            response = await inner(request)
            await work.commit()
    except (RequestValidationError, HTTPException, Problem, *DATABASE_FAILURES) as error:
        problem = _problem_of(error)
        if problem is not None:
            return await _refuse(request, runtime, signed, sender, problem)
        log().error("work failed", exc_info=error, method=request.method)
        return problem_response(
            LedgerUnavailable("Look whether it was done before you try again.", headers={"Retry-After": "1"})
        )
    if work.appended:
        response.headers["exchange-entry"] = str(work.appended[0])
    return sign(response, runtime=runtime, signed=signed)


def _problem_of(error: Exception) -> Problem | None:
    """What an error says about the request; None where it says nothing, because the database failed."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return validation_problem(error)
    if isinstance(error, HTTPException):
        return http_problem(error)
    if isinstance(error, IntegrityError):
        return Conflict("Another object has this name or number already, perhaps since a moment ago.")
    if is_value_refused(error):
        return RequestInvalid("A value holds a character, or has a size, that the exchange cannot keep.")
    return None


def _check_media_type(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise UnsupportedMediaType("Send the document as application/json.")


async def _refuse(
    request: Request, runtime: Runtime, signed: SignedRequest | None, sender: Sender | None, problem: Problem
) -> Response:
    """Put a refusal on the ledger where the request was signed at all, and answer it."""
    if signed is None and "signature-input" not in request.headers:
        return problem_response(problem)  # nobody claimed anything, so there is nothing to hold on to
    route = request.scope.get("route")
    body = bodies.RequestRefused(
        at=rfc3339(runtime.clock.now()),
        actor=actor_of(signed, sender),
        request=authentication.evidence(signed) if signed else None,
        method=request.method,
        problem=problem.slug,
        route=getattr(route, "path", ""),
    )
    try:
        index = await append_refusal(runtime, body, sender)
    except DATABASE_FAILURES:
        return problem_response(LedgerUnavailable("The refusal could not be put on the ledger; try again later."))
    response = problem_response(problem, entry=index)
    response.headers["exchange-entry"] = str(index)
    return sign(response, runtime=runtime, signed=signed) if signed else response


async def append_refusal(runtime: Runtime, body: bodies.Body, sender: Sender | None) -> int:
    """Append a refusal with the nonce it used up, or without where the nonce was used before."""
    submission = store.Submission(body.canonical(), once=sender.once if sender else None)
    try:
        return await runtime.sequencer.append(submission)
    except store.Replayed:
        return await runtime.sequencer.append(store.Submission(submission.body))


def actor_of(signed: SignedRequest | None, sender: Sender | None) -> bodies.Actor:
    """Who acted, as far as it is established: a key that did not verify is named only if it has a key's form."""
    if sender is not None:
        return sender.holder.principal.actor
    keyid = signed.keyid if signed is not None else ""
    return bodies.Actor(key=keyid if _THUMBPRINT.fullmatch(keyid) else None)


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
