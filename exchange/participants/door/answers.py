"""Answers of signed requests: their signature, and refusals with the problem that an error stands for and its entry.

A refusal's entry has a transaction of its own, since what the request began is rolled back.
"""

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import signatures
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import FAILURES, IntegrityError, conflict_text, is_value_refused
from exchange.kernel.problems import (
    Conflict,
    InternalError,
    LedgerHalted,
    LedgerUnavailable,
    Problem,
    RequestInvalid,
    TooManyRefusals,
)
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.http import http_problem, problem_response, validation_problem
from exchange.participants import errors
from exchange.participants.door.evidence import Claim, Copied, Sender
from exchange.participants.door.refusals import Refusals, names_registered_key
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted
from ledger.log.sequencer import SequencerClosed
from signatures import SignedRequest

LEDGER_FAILURES = (SequencerClosed, Halted, *FAILURES)
"""The errors of appending to the ledger, beside store.Refused."""


NONCE_REFUSALS = (store.Replayed, store.Expired)
"""Why the ledger accepts no nonce: `problem_of` states the problem."""


def problem_of(error: Exception) -> Problem:
    """The problem that an error stands for; InternalError for one that is no fault of the request."""
    problem: Problem = InternalError("The exchange failed and changed nothing; its log holds the cause.")
    if isinstance(error, Problem):
        problem = error
    elif isinstance(error, store.Replayed):
        problem = errors.NonceReused("This key has used this nonce before; every request needs a fresh one.")
    elif isinstance(error, store.Expired):
        problem = errors.SignatureExpired("The signature expired before the request was done; sign the request again.")
    elif isinstance(error, RequestValidationError):
        problem = validation_problem(error)
    elif isinstance(error, HTTPException):
        problem = http_problem(error)
    elif isinstance(error, IntegrityError):
        problem = Conflict(
            conflict_text(error)
            or "Another request changed the same object at this moment. Read it again, and repeat yours where it still fits."
        )
    elif is_value_refused(error):
        problem = RequestInvalid("A value holds a character, or has a size, that the exchange cannot keep.")
    elif isinstance(error, LEDGER_FAILURES):
        problem = unwritable(error, "Check whether it was done before you try again.")
    return problem


def unwritable(error: Exception, detail: str) -> Problem:
    """The problem of a ledger that cannot be written; `detail` is shown if a retry may help."""
    if isinstance(error, Halted):
        return LedgerHalted("Nothing was done. The exchange's operator has to act before it takes in anything again.")
    return LedgerUnavailable(detail, headers={"Retry-After": "1"})


async def refuse(request: Request, runtime: Runtime, claim: Claim, problem: Problem) -> Response:
    """Put the refusal of a request on the ledger if the request was signed at all, and answer it."""
    route = request.scope.get("route")
    body = entries.RequestRefused(
        at=rfc3339(runtime.clock.now()),
        **claim.fields(),
        method=request.method,
        problem=problem.slug,
        route=getattr(route, "path", ""),
    )
    try:
        return await append_refusal(request, runtime, claim, problem, body)
    except NONCE_REFUSALS as error:
        return await refuse(request, runtime, as_copy(claim), problem_of(error))
    except LEDGER_FAILURES as error:
        return problem_response(unwritable(error, "The refusal could not be put on the ledger; try again later."))


def as_copy(claim: Claim) -> Claim:
    """The claim of a request whose nonce the ledger does not accept."""
    return Copied(claim) if isinstance(claim, Sender) else claim


async def append_refusal(
    request: Request,
    runtime: Runtime,
    claim: Claim,
    problem: Problem,
    body: entries.Body,
    *,
    fence: int | None = None,
    sealed: tuple[store.Sealed, ...] = (),
) -> Response:
    """Append a refusal, with the nonce that it uses up and the details sealed beside it, and answer it, signed.

    A request without a signature leaves no entry, since it claims no sender. Rate limits bound the entries of requests
    whose sender is not established; the rest are counted. Raises store.Replayed, store.Expired, store.FenceMoved.
    """
    if claim.signed is None and "signature-input" not in request.headers:
        return problem_response(problem)
    if not runtime[Refusals].take(claim, problem.slug):
        many = problem_response(
            TooManyRefusals("Wait a minute, and correct what the earlier refusals name.", headers={"Retry-After": "60"})
        )
        return (
            sign(many, runtime=runtime, signed=claim.signed) if claim.signed and names_registered_key(claim) else many
        )
    submission = store.Submission(body.canonical(), nonce=claim.nonce, fence=fence, sealed=sealed)
    index = await runtime.sequencer.append(submission)
    response = problem_response(problem, entry=index)
    response.headers["exchange-entry"] = str(index)
    return sign(response, runtime=runtime, signed=claim.signed) if claim.signed else response


def sign(response: Response, *, runtime: Runtime, signed: SignedRequest) -> Response:
    """Sign a complete answer, bound to the request it answers."""
    response.headers["content-digest"] = signatures.content_digest(bytes(response.body))
    covered = {
        name: response.headers[name]
        for name in ("content-digest", "exchange-entry", "exchange-next")
        if name in response.headers
    }
    response.headers.update(
        signature_headers(status=response.status_code, headers=covered, runtime=runtime, signed=signed)
    )
    return response


def signature_headers(
    *, status: int, headers: dict[str, str], runtime: Runtime, signed: SignedRequest
) -> dict[str, str]:
    """The signature headers of an answer, over its status and these headers, bound to the request it answers."""
    key = runtime.key
    return signatures.sign_response(
        key=key.pair,
        keyid=key.keyid,
        status=status,
        headers=headers,
        request=signed,
        created=runtime.clock.seconds(),
    )
