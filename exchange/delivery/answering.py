"""Answering: the path of one request for data, stage by stage, from its bytes to the signed answer or refusal.

A refusal, too, is on the ledger before it is answered. Deliveries bypass routing and middleware (hot path); see
`describing.py`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from adapters.plan.condition import PlanError
from exchange.catalog.terms.schemas import PURPOSE_PATTERN
from exchange.delivery import paging, streaming
from exchange.delivery.deciding import Counted, count_request, decide
from exchange.delivery.errors import ExchangeBusy, WitnessesMissing
from exchange.delivery.facts import DatasetFacts, Facts
from exchange.delivery.formats.answers import negotiate
from exchange.delivery.planning import describe_misfit, plan
from exchange.delivery.schemas import DeliveryRequest, from_query
from exchange.delivery.settings import DeliverySettings
from exchange.delivery.stages import Admitted, Asked, Known, Outlasted, Planned, Stage
from exchange.kernel.clock import rfc3339
from exchange.kernel.logs import log
from exchange.kernel.problems import InternalError, Problem, RequestInvalid, RequestMalformed
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.access import entry_of, template_of
from exchange.kernel.web.http import check_members, problem_response, runtime_of
from exchange.participants.door.admit import Admission, Way
from exchange.participants.door.answers import (
    LEDGER_FAILURES,
    NONCE_REFUSALS,
    append_refusal,
    as_copy,
    problem_of,
    unwritable,
)
from exchange.participants.door.evidence import Claim
from exchange.publication.coverage import Coverage
from exchange.sources.errors import SourceFailed, SourceUnusable
from ledger import entries
from ledger.log import store
from ledger.log.head import FenceBusy

WAYS: Mapping[str, Way] = {
    "GET": Way(has_purpose=True, checks_standing=False),
    "POST": Way(has_body=True, has_purpose=True, checks_standing=False),
}
"""What the door demands of a request for data, by method. The decision gives the reasons against a suspended sender."""

_Document = TypeVar("_Document", bound=BaseModel)
_PURPOSE = re.compile(PURPOSE_PATTERN)
_ERRORS_SHOWN = 20
_FREE_ATTEMPTS = 3
_ATTEMPTS = 5
_FAILED = "The exchange failed and delivered nothing; its log holds the cause."
_OWNER_ACTS = "The data owner has to act: it mends the source, or publishes a version that fits it."


@dataclass(slots=True)
class Attempt:
    """One attempt at a request: what it works with, what was counted for the request, and the stage that it has reached."""

    request: Request
    admission: Admission
    runtime: Runtime
    facts: Facts
    counted: set[Counted]
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What an admitted request asks for: how it is done, and the body of the entry of its refusal."""

    run: Callable[[Attempt, Admitted], Awaitable[Response]]
    refused: Callable[..., entries.Body]


async def answer(request: Request, act: Act | None = None) -> Response:
    """Answer a request for data; each answer but the refusal of an unsigned request has its entry on the ledger.

    An attempt whose facts or decision ended before its entry was appended is thrown away and repeated. The last ones hold
    the fence, so that nobody's changes keep others from an answer. All attempts of a request count once against a rate.
    """
    act = act or DELIVER
    runtime = runtime_of(request)
    facts = runtime[Facts]
    admission = Admission(request, runtime)
    counted = set[Counted]()
    try:
        for number in range(_ATTEMPTS):
            attempt = Attempt(request, admission, runtime, facts, counted)
            try:
                if number < _FREE_ATTEMPTS:
                    return await _attempt(attempt, act)
                async with facts.standing_still():
                    return await _attempt(attempt, act)
            except store.FenceMoved as moved:
                facts.forget(moved.fence)
            except (Outlasted, store.EpochMoved, FenceBusy):
                pass
        busy = ExchangeBusy("Nothing was delivered; send the request again.", headers={"Retry-After": "1"})
        return await _refuse(request, runtime, _again(runtime, admission.claim), busy, act)
    except LEDGER_FAILURES as error:
        log().error("delivery failed", exc_info=error, method=request.method, route=template_of(request.scope))
        return problem_response(unwritable(error, "Nothing was delivered; try again later."))


async def _attempt(attempt: Attempt, act: Act) -> Response:
    """One attempt. Raises store.FenceMoved, Outlasted, ClientDisconnect, and the errors of a failing database."""
    request, runtime, admission = attempt.request, attempt.runtime, attempt.admission
    now = runtime.clock.now()
    at, seconds = rfc3339(now), int(now.timestamp())
    try:
        sender = await admission.run(WAYS[request.method], attempt.facts.look_up)
        asked = Asked(at, seconds, sender)
        attempt.stage = asked
        admitted = attempt.stage = Admitted(asked, sender, purpose_of(admission.headers))
        _check_witnesses(runtime)
        return await act.run(attempt, admitted)
    except (store.FenceMoved, store.EpochMoved, Outlasted, ClientDisconnect, *LEDGER_FAILURES):
        raise
    except Exception as error:  # noqa: BLE001 - every error is answered in the one form and recorded
        reached = attempt.stage or Asked(at, seconds, admission.claim)
        is_copy = isinstance(error, NONCE_REFUSALS)
        failure = _blame(error, reached)
        is_understood = is_copy or isinstance(failure, Problem)
        problem = problem_of(failure) if is_understood else InternalError(_FAILED)
        response = await _refuse(request, runtime, reached, problem, act, is_copy=is_copy)
        if not is_understood:
            route, entry = template_of(request.scope), entry_of(response)
            log().error("delivery failed", exc_info=error, method=request.method, route=route, entry=entry)
        return response


async def _deliver(attempt: Attempt, admitted: Admitted) -> Response:
    """Deliver the rows that a request asks for, as a page or a stream."""
    request, runtime, admission, facts = attempt.request, attempt.runtime, attempt.admission, attempt.facts
    form = negotiate(admission.headers.get("accept"))
    question = question_of(request.method, admission.body, request.scope["query_string"])
    limit = paging.limit_of(question, form, runtime[DeliverySettings])
    known = attempt.stage = Known(admitted, question, await dataset_of(attempt, admitted, question.dataset))
    decided = attempt.stage = await decide(runtime, known)
    planned = attempt.stage = await plan(runtime, facts, decided, limit=limit or question.limit)
    if planned.rates:
        await count_request(runtime, planned, attempt.counted)
    if form == "json" or limit is not None:
        return await paging.page(runtime, planned, form)
    return await streaming.stream(runtime, facts, planned, form)


DELIVER = Act(_deliver, entries.DeliveryRefused)
"""The delivery of rows."""


async def dataset_of(attempt: Attempt, admitted: Admitted, reference: str) -> DatasetFacts:
    """The facts of the dataset that a request names, at the fence of its sender. Raises NotFound, store.FenceMoved."""
    dataset = await attempt.facts.dataset(admitted.sender.holder.principal, reference)
    if dataset.fence != admitted.sender.fence:
        raise store.FenceMoved(dataset.fence)
    return dataset


def purpose_of(headers: Mapping[str, str]) -> str:
    """The purpose that the signature covers. Raises RequestInvalid."""
    purpose = headers["exchange-purpose"]
    if not _PURPOSE.fullmatch(purpose):
        raise RequestInvalid(
            "Correct what `errors` lists.",
            errors=[{"at": "header/exchange-purpose", "error": "a purpose is a code such as talent-service"}],
        )
    return purpose


def question_of(method: str, body: bytes, query: bytes) -> DeliveryRequest:
    """The question in a body of JSON (POST) or in a query string (GET). Raises RequestInvalid, RequestMalformed."""
    if method == "POST":
        return document_of(body, DeliveryRequest)
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=100)
        return DeliveryRequest.model_validate(from_query(pairs))
    except ValidationError as error:
        raise _invalid(error) from error
    except ValueError as error:
        raise RequestMalformed("The query string cannot be read.") from error


def document_of(body: bytes, model: type[_Document]) -> _Document:
    """The document in a body of JSON. Raises RequestInvalid, RequestMalformed."""
    check_members(body)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> Problem:
    """The problem of a question of another form, with the place of each fault."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return RequestMalformed("The body is not JSON.")
    return RequestInvalid(
        "Correct what `errors` lists and send the request again.",
        errors=[
            {"at": "/".join(["body", *(str(part) for part in fault["loc"])]), "error": fault["msg"]}
            for fault in faults[:_ERRORS_SHOWN]
        ],
    )


def _blame(error: Exception, reached: Stage) -> Exception:
    """Return the error as the sender sees it: a source that cannot be read is not the sender's fault."""
    if isinstance(error, SourceUnusable):
        where = f" ({error.members['where']})" if "where" in error.members else ""
        return SourceFailed(f"{error.detail}{where}. {_OWNER_ACTS}", **error.members)
    if isinstance(error, PlanError) and isinstance(reached, Planned):
        return SourceFailed(f"{describe_misfit(error, reached.plan)} {_OWNER_ACTS}", code="source-changed")
    return error


def _check_witnesses(runtime: Runtime) -> None:
    """Check that the ledger has not been without its witnesses for too long. Raises WitnessesMissing."""
    coverage = runtime[Coverage]
    if coverage.is_overdue(runtime.clock.now()) and coverage.since is not None:
        raise WitnessesMissing(
            "Try again when the witnesses are back; the operator has been alarmed.",
            headers={"Retry-After": "60"},
            since=rfc3339(coverage.since),
        )


def _again(runtime: Runtime, claim: Claim) -> Asked:
    """A request after its last attempt: its nonce is not used up, so that the same request may be sent again."""
    now = runtime.clock.now()
    return Asked(rfc3339(now), int(now.timestamp()), as_copy(claim))


async def _refuse(
    request: Request, runtime: Runtime, stage: Stage, problem: Problem, act: Act, *, is_copy: bool = False
) -> Response:
    """Put a refusal on the ledger and answer it. Raises store.FenceMoved if it rests on facts that have changed."""
    body = act.refused(**stage.fields(), decision=stage.decision, problem=problem.slug)
    claim, fence = stage.claim, stage.fence
    if is_copy:
        claim, fence = as_copy(claim), None
    try:
        return await append_refusal(request, runtime, claim, problem, body, fence=fence, sealed=stage.sealed)
    except NONCE_REFUSALS as error:
        return await _refuse(request, runtime, stage, problem_of(error), act, is_copy=True)
