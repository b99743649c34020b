"""Answering: the path of one request for data, from its bytes to the signed answer, close to the wire because it is hot.

Signature, sender, question, decision, source, ledger, signature again: each step is one call. Whatever goes wrong on
the way is refused with its reason, and the refusal is on the ledger before it is told.
"""

import hashlib
import re
from urllib.parse import parse_qsl

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

import signatures
from adapters.contract import SourceError
from exchange.delivery import service, streaming
from exchange.delivery.errors import ExchangeBusy, WitnessesMissing
from exchange.delivery.facts import Facts
from exchange.delivery.formats.answers import MEDIA_TYPES, Format, encoded, encoded_page, json_page, negotiate
from exchange.delivery.formats.encode import Format as StreamFormat
from exchange.delivery.planning import next_cursor
from exchange.delivery.schemas import DeliveryRequest, from_query
from exchange.delivery.service import Attempt, Release
from exchange.delivery.settings import DeliverySettings
from exchange.kernel.clock import rfc3339
from exchange.kernel.identifiers import new_id
from exchange.kernel.logs import log
from exchange.kernel.problems import InternalError, Problem, RequestInvalid, RequestMalformed
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.http import body_of, check_members, headers_of, problem_response, runtime_of, target_uri_of
from exchange.participants import errors
from exchange.participants.door import signed as authentication
from exchange.participants.door.admit import DATABASE_FAILURES, REPLAYED, refuse, unwritable
from exchange.participants.door.settings import DoorSettings
from exchange.publication.coverage import Coverage
from exchange.sources.service import problem_of
from ledger import entries
from ledger.log import store
from signatures import SignedRequest

_ATTEMPTS = 5
_NO_STORE = "no-store"
_PURPOSE_CODE = re.compile(r"[a-z][a-z0-9-]{1,62}")


async def answer(request: Request) -> Response:
    """Answer a request for data; every answer but an unsigned request's refusal has its entry on the ledger."""
    runtime = runtime_of(request)
    facts = runtime[Facts]
    headers = headers_of(request)
    attempt = service.begin(runtime)
    try:
        for _ in range(_ATTEMPTS):
            try:
                return await _try(request, headers, runtime, facts, attempt)
            except store.FenceMoved as moved:
                facts.forget(moved.fence)
            except service.Outlasted:
                pass
            except store.Replayed:
                attempt.claim.is_replay = True
                return await _refuse(request, runtime, attempt, errors.NonceReused(REPLAYED))
            attempt = service.begin(runtime, signed=attempt.claim.signed)
        busy = ExchangeBusy("Nothing was delivered; send the request again.", headers={"Retry-After": "1"})
        return await _refuse(request, runtime, attempt, busy)
    except DATABASE_FAILURES as error:
        log().error("delivery failed", exc_info=error, method=request.method)
        return problem_response(unwritable(error, "Nothing was delivered; try again later."))


async def _try(request: Request, headers: dict[str, str], runtime: Runtime, facts: Facts, attempt: Attempt) -> Response:
    """One attempt. Raises store.FenceMoved, store.Replayed, service.Outlasted, and what a failing database raises."""
    try:
        signed = attempt.claim.signed = attempt.claim.signed or _read_signature(request, runtime, headers)
        return await _answer(request, headers, runtime, facts, attempt, signed)
    except (store.Refused, ClientDisconnect, *DATABASE_FAILURES):
        raise
    except Problem as problem:
        return await _refuse(request, runtime, attempt, problem)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is answered in the one form and recorded
        log().error("delivery failed", exc_info=error, method=request.method)
        failed = InternalError("The exchange failed and delivered nothing; its log holds the cause.")
        return await _refuse(request, runtime, attempt, failed)


def _read_signature(request: Request, runtime: Runtime, headers: dict[str, str]) -> SignedRequest:
    target = target_uri_of(request.scope, headers, runtime.settings)
    return authentication.read(method=request.scope["method"], target_uri=target, headers=headers)


async def _authenticate(
    request: Request, headers: dict[str, str], runtime: Runtime, facts: Facts, attempt: Attempt, signed: SignedRequest
) -> bytes:
    """Establish sender and purpose; returns the body."""
    fence, holder = await facts.holder(signed.keyid)
    attempt.check_fence(fence)
    attempt.claim.is_known = holder is not None
    authentication.check_times(signed, settings=runtime[DoorSettings], clock=runtime.clock)
    authentication.check_coverage(signed, has_body=signed.method == "POST", purpose=True)
    body = await body_of(request, limit=runtime.settings.body_bytes_max)
    holder = authentication.check_key(holder, at=runtime.clock.now())
    attempt.claim.sender = authentication.check_signature(signed, holder)
    if signed.method == "POST":
        authentication.check_body(headers.get("content-digest"), hashlib.sha256(body).digest())
    purpose = headers["exchange-purpose"]
    if not _PURPOSE_CODE.fullmatch(purpose):
        raise RequestInvalid(
            "Correct what `errors` lists.",
            errors=[{"at": "header/exchange-purpose", "error": "a purpose is a code such as talent-service"}],
        )
    attempt.purpose = purpose
    return body


def _question(signed: SignedRequest, body: bytes, query: bytes) -> DeliveryRequest:
    try:
        if signed.method == "POST":
            check_members(body)
            return DeliveryRequest.model_validate_json(body)
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=100)
        return DeliveryRequest.model_validate(from_query(pairs))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if any(item["type"] == "json_invalid" for item in found):
            raise RequestMalformed("The body is not JSON.") from error
        raise RequestInvalid(
            "Correct what `errors` lists and send the request again.",
            errors=[
                {"at": "/".join(["body", *(str(part) for part in item["loc"])]), "error": item["msg"]}
                for item in found[:20]
            ],
        ) from error
    except ValueError as error:
        raise RequestMalformed("The query string cannot be read.") from error


def _check_coverage(runtime: Runtime) -> None:
    """Nothing is delivered while the ledger has been without its witnesses for too long. Raises WitnessesMissing."""
    coverage = runtime[Coverage]
    if coverage.since is not None and coverage.is_overdue(runtime.clock.now()):
        raise WitnessesMissing(
            "Try again when the witnesses are back; the operator has been alarmed.",
            headers={"Retry-After": "60"},
            since=rfc3339(coverage.since),
        )


async def _answer(
    request: Request, headers: dict[str, str], runtime: Runtime, facts: Facts, attempt: Attempt, signed: SignedRequest
) -> Response:
    body = await _authenticate(request, headers, runtime, facts, attempt, signed)
    _check_coverage(runtime)
    form = negotiate(headers.get("accept"))
    question = _question(signed, body, request.scope["query_string"])
    settings = runtime[DeliverySettings]
    most = settings.page_rows_max
    if form == "json" and (question.limit or 0) > most:
        raise RequestInvalid(
            "Correct what `errors` lists.",
            errors=[{"at": "limit", "error": f"a page of JSON has at most {most} rows; other formats stream"}],
        )
    if form == "json" or question.cursor is not None or (question.limit is not None and question.limit <= most):
        limit = min(question.limit or settings.page_rows, most)
        release = await service.prepare(runtime, facts, attempt, question, limit=limit)
        return await _page(runtime, attempt, release, question, form, signed)
    release = await service.prepare(runtime, facts, attempt, question, limit=question.limit)
    return await _stream(runtime, facts, attempt, release, question, form, signed)


async def _page(
    runtime: Runtime,
    attempt: Attempt,
    release: Release,
    question: DeliveryRequest,
    form: Format,
    signed: SignedRequest,
) -> Response:
    """A complete answer: read, encoded, on the ledger, signed; in this order."""
    offer = streaming.offer_of(attempt)
    rows = await service.read(offer, release.plan)
    delivery = str(new_id())
    cursor = next_cursor(
        rows,
        request=question,
        planned=release.planned,
        cap=release.cap,
        offer=offer,
        agreement=release.agreement,
        seal=runtime.seal,
    )
    if form == "json":
        content = json_page(
            rows,
            delivery=delivery,
            dataset=offer.reference,
            version=offer.version,
            agreement=release.agreement,
            cursor=cursor,
        )
    else:
        content = await encoded_page(rows, release.plan, offer.fields, form)
    entry = service.completed(attempt, release, rows=len(rows.rows), content=content)
    index = await runtime.sequencer.append(service.submission(attempt, entry, now=runtime.clock.seconds()))
    headers = {
        "content-digest": signatures.content_digest(content),
        "exchange-entry": str(index),
        "exchange-delivery": delivery,
        **({"exchange-next": cursor} if cursor else {}),
    }
    return Response(
        content,
        media_type=MEDIA_TYPES[form],
        headers={"cache-control": _NO_STORE, **headers, **_signature(runtime, headers, signed)},
    )


def _signature(runtime: Runtime, headers: dict[str, str], signed: SignedRequest) -> dict[str, str]:
    return signatures.sign_response(
        key=runtime.key.pair,
        keyid=runtime.key.keyid,
        status=200,
        headers=headers,
        request=signed,
        created=runtime.clock.seconds(),
    )


async def _stream(
    runtime: Runtime,
    facts: Facts,
    attempt: Attempt,
    release: Release,
    question: DeliveryRequest,
    form: StreamFormat,
    signed: SignedRequest,
) -> Response:
    """A stream: its beginning is on the ledger before this returns, its end when it ends."""
    stream_id = new_id()
    chunks = encoded(streaming.offer_of(attempt).adapter.scan(release.plan), form)
    try:
        first = await anext(chunks)  # a source that fails at once is refused like any other
        index = await streaming.start(runtime, attempt, release, stream_id)
    except SourceError as error:
        raise problem_of(error) from error
    except (store.Refused, *DATABASE_FAILURES):
        await chunks.aclose()
        raise
    headers = {"exchange-entry": str(index), "exchange-delivery": str(stream_id)}
    return streaming.StreamResponse(
        runtime=runtime,
        facts=facts,
        attempt=attempt,
        release=release,
        request=question,
        first=first,
        chunks=chunks,
        stream_id=stream_id,
        started=index,
        headers={"cache-control": _NO_STORE, **headers, **_signature(runtime, headers, signed)},
        media_type=MEDIA_TYPES[form],
    )


async def _refuse(request: Request, runtime: Runtime, attempt: Attempt, problem: Problem) -> Response:
    """Put a refusal on the ledger and answer it. Raises store.FenceMoved where it rests on facts that have moved."""
    body = entries.DeliveryRefused(
        **service.common(attempt),
        **attempt.naming.fields,
        decision=attempt.decided.record if attempt.decided else None,
        problem=problem.slug,
    )
    fence = None if attempt.claim.is_replay else attempt.fence
    return await refuse(request, runtime, attempt.claim, problem, body, fence=fence, sealed=attempt.naming.sealed)
