"""Answering: the path of one request for data, stage by stage, from its bytes to the signed answer or refusal.

A refusal, too, is on the ledger before it is answered. Deliveries bypass routing and middleware (hot path); see
`describing.py`.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from adapters.plan.condition import PlanError
from exchange.catalog.terms.schemas import PURPOSE_PATTERN
from exchange.delivery import paging, streaming
from exchange.delivery.deciding import Counted, count_request, decide
from exchange.delivery.errors import ExchangeBusy, WitnessesMissing
from exchange.delivery.facts import Facts
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

_PURPOSE = re.compile(PURPOSE_PATTERN)
_ERRORS_SHOWN = 20
_FREE_ATTEMPTS = 3
_ATTEMPTS = 5
_FAILED = "The exchange failed and delivered nothing; its log holds the cause."
_OWNER_ACTS = "The data owner has to act: it mends the source, or publishes a version that fits it."


async def answer(request: Request) -> Response:
    """Answer a request for data; each answer but the refusal of an unsigned request has its entry on the ledger.

    An attempt whose facts or decision ended before its entry was appended is thrown away and repeated. The last ones hold
    the fence, so that nobody's changes keep others from an answer. All attempts of a request count once against a rate.
    """
    runtime = runtime_of(request)
    facts = runtime[Facts]
    admission = Admission(request, runtime)
    counted = set[Counted]()
    try:
        for number in range(_ATTEMPTS):
            try:
                if number < _FREE_ATTEMPTS:
                    return await _attempt(request, admission, runtime, facts, counted)
                async with facts.standing_still():
                    return await _attempt(request, admission, runtime, facts, counted)
            except store.FenceMoved as moved:
                facts.forget(moved.fence)
            except (Outlasted, store.EpochMoved, FenceBusy):
                pass
        busy = ExchangeBusy("Nothing was delivered; send the request again.", headers={"Retry-After": "1"})
        return await _refuse(request, runtime, _again(runtime, admission.claim), busy)
    except LEDGER_FAILURES as error:
        log().error("delivery failed", exc_info=error, method=request.method, route=template_of(request.scope))
        return problem_response(unwritable(error, "Nothing was delivered; try again later."))


async def _attempt(
    request: Request, admission: Admission, runtime: Runtime, facts: Facts, counted: set[Counted]
) -> Response:
    """One attempt; `counted` holds what the attempts before it have counted.

    Raises store.FenceMoved, Outlasted, ClientDisconnect, and the errors of a failing database.
    """
    now = runtime.clock.now()
    at, seconds = rfc3339(now), int(now.timestamp())
    stage: Stage | None = None
    try:
        sender = await admission.run(WAYS[request.method], facts.look_up)
        asked = Asked(at, seconds, sender)
        stage = asked
        admitted = stage = Admitted(asked, sender, purpose_of(admission.headers))
        _check_witnesses(runtime)
        form = negotiate(admission.headers.get("accept"))
        question = question_of(request.method, admission.body, request.scope["query_string"])
        limit = paging.limit_of(question, form, runtime[DeliverySettings])
        dataset = await facts.dataset(sender.holder.principal, question.dataset)
        if dataset.fence != sender.fence:
            raise store.FenceMoved(dataset.fence)
        known = stage = Known(admitted, question, dataset)
        decided = stage = await decide(runtime, known)
        planned = stage = await plan(runtime, facts, decided, limit=limit or question.limit)
        if planned.rates:
            await count_request(runtime, planned, counted)
        if form == "json" or limit is not None:
            return await paging.page(runtime, planned, form)
        return await streaming.stream(runtime, facts, planned, form)
    except (store.FenceMoved, store.EpochMoved, Outlasted, ClientDisconnect, *LEDGER_FAILURES):
        raise
    except Exception as error:  # noqa: BLE001 - every error is answered in the one form and recorded
        reached = stage or Asked(at, seconds, admission.claim)
        is_copy = isinstance(error, NONCE_REFUSALS)
        failure = _blame(error, reached)
        is_understood = is_copy or isinstance(failure, Problem)
        problem = problem_of(failure) if is_understood else InternalError(_FAILED)
        response = await _refuse(request, runtime, reached, problem, is_copy=is_copy)
        if not is_understood:
            route, entry = template_of(request.scope), entry_of(response)
            log().error("delivery failed", exc_info=error, method=request.method, route=route, entry=entry)
        return response


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
    try:
        if method == "POST":
            check_members(body)
            return DeliveryRequest.model_validate_json(body)
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=100)
        return DeliveryRequest.model_validate(from_query(pairs))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        if any(fault["type"] == "json_invalid" for fault in faults):
            raise RequestMalformed("The body is not JSON.") from error
        raise RequestInvalid(
            "Correct what `errors` lists and send the request again.",
            errors=[
                {"at": "/".join(["body", *(str(part) for part in fault["loc"])]), "error": fault["msg"]}
                for fault in faults[:_ERRORS_SHOWN]
            ],
        ) from error
    except ValueError as error:
        raise RequestMalformed("The query string cannot be read.") from error


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
    request: Request, runtime: Runtime, stage: Stage, problem: Problem, *, is_copy: bool = False
) -> Response:
    """Put a refusal on the ledger and answer it. Raises store.FenceMoved if it rests on facts that have changed."""
    body = entries.DeliveryRefused(**stage.fields(), decision=stage.decision, problem=problem.slug)
    claim, fence = stage.claim, stage.fence
    if is_copy:
        claim, fence = as_copy(claim), None
    try:
        return await append_refusal(request, runtime, claim, problem, body, fence=fence, sealed=stage.sealed)
    except NONCE_REFUSALS as error:
        return await _refuse(request, runtime, stage, problem_of(error), is_copy=True)
