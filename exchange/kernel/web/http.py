"""HTTP around the rooms: reading a request's parts, and rendering problems in their one form."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exchange.kernel.database import FAILURES, is_unreachable
from exchange.kernel.logs import log
from exchange.kernel.problems import (
    MEDIA_TYPE,
    ContentTooLarge,
    InternalError,
    LedgerUnavailable,
    MethodNotAllowed,
    NotFound,
    Problem,
    RequestInvalid,
    RequestMalformed,
)
from exchange.kernel.runtime import Runtime
from exchange.kernel.schemas import WORDS
from exchange.kernel.settings import KernelSettings

_ERRORS_SHOWN = 20
_SIGNED = "/api/"
"""Where addresses take signed requests. A signature covers the method, so there HEAD is no GET without its body."""


def runtime_of(request: Request) -> Runtime:
    """The running exchange's parts."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def headers_of(request: Request) -> dict[str, str]:
    """The request's headers by lower-case name; repeated ones joined as RFC 9110 section 5.2 says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def target_uri_of(scope: Scope, headers: Mapping[str, str], settings: KernelSettings) -> str:
    """The URI the client signed, as far as this exchange answers for it; `headers` as `headers_of` gives them."""
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return settings.target_uri(
        host=headers.get("host"),
        path=raw_path.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
    )


async def body_of(request: Request, *, limit: int) -> bytes:
    """The whole body, read no further than the limit in bytes. Raises ContentTooLarge."""
    if hasattr(request, "_body"):
        return await request.body()
    received = bytearray()
    is_more = True
    while is_more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        received += message.get("body", b"")
        if len(received) > limit:
            raise ContentTooLarge(f"The body may have {limit} bytes here.")
        is_more = message.get("more_body", False)
    request._body = bytes(received)  # noqa: SLF001 - Starlette's own place for a body already read
    return request._body  # noqa: SLF001


def is_public_head(scope: Scope) -> bool:
    """Whether this is a HEAD request at an address that anyone may read; `answer_head` answers it."""
    return scope["type"] == "http" and scope["method"] == "HEAD" and not scope["path"].startswith(_SIGNED)


async def answer_head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer HEAD as GET is answered, without the content (RFC 9110 section 9.3.2)."""

    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    await app({**scope, "method": "GET"}, receive, send_head)


def check_members(body: bytes) -> None:
    """No object may name a member twice: which of them counts differs from reader to reader (RFC 8259 section 4).

    Says nothing of what is no JSON at all; that is for whoever reads it. Raises RequestMalformed.
    """
    if not _has_no_duplicate_keys(body):
        with suppress(ValueError, RecursionError):
            json.loads(body, object_pairs_hook=_refuse_duplicate_keys)


def _has_no_duplicate_keys(body: bytes) -> bool:
    """Whether that is plain: each member has a colon of its own, so with no more of them than members none is hidden."""
    try:
        waiting = [orjson.loads(body)]
    except ValueError:
        return False  # another reader may still take it
    members = 0
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            members += len(value)
            waiting += value.values()
        elif type(value) is list:
            waiting += value
    return members == body.count(b":")


def _refuse_duplicate_keys(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) != len(members):
        raise RequestMalformed("An object in the body has two members of one name; send each once.")


def problem_response(problem: Problem, *, entry: int | None = None) -> Response:
    """A problem as its answer (RFC 9457 section 3)."""
    return Response(
        orjson.dumps(problem.document(entry=entry)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def validation_problem(error: RequestValidationError) -> Problem:
    """FastAPI's validation errors as a problem: where and what, never the value that was sent."""
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return RequestMalformed("The body is not JSON.")
    shown = [{"at": _place(item["loc"]), "error": _message(item)} for item in errors[:_ERRORS_SHOWN]]
    return RequestInvalid("Correct what `errors` lists and send the request again.", errors=shown)


_OWN_WORDS = {"union_tag_invalid": "none of the kinds there are", "uuid_parsing": "an id is a UUID"}


def _message(item: dict[str, Any]) -> str:
    """What is wrong, without the value; an own validator's words are kept because they never repeat it."""
    pattern = WORDS.get(item.get("ctx", {}).get("pattern", ""))
    return pattern or _OWN_WORDS.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")


def http_problem(error: HTTPException, *, methods: Iterable[str] = ()) -> Problem:
    """What the framework found wrong by itself, as a problem; `methods` are those that the address takes."""
    if error.status_code == NotFound.status:
        return NotFound("There is nothing at this address; /docs lists the addresses there are.")
    if error.status_code == MethodNotAllowed.status:
        allowed = ", ".join(methods)
        return MethodNotAllowed(f"This address takes: {allowed}.", headers={"Allow": allowed})
    return RequestMalformed("The request cannot be read.")


def _methods_at(request: Request) -> list[str]:
    """The methods of an address: the router tells those of the first route only, and each route here has one."""
    matching = (
        one for one in iter_route_contexts(request.app.routes) if one.matches(request.scope)[0] is not Match.NONE
    )
    methods = {method for one in matching for method in one.methods or ()}
    is_for_anyone = "GET" in methods and not request.scope["path"].startswith(_SIGNED)
    return sorted(methods | {"HEAD"} if is_for_anyone else methods)


def _place(location: tuple[int | str, ...]) -> str:
    return "/".join(str(part) for part in location)


def install(app: FastAPI) -> None:
    """Give every way a request can fail the one form."""

    async def on_problem(_request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)  # noqa: S101 - registered for this class only
        return problem_response(problem)

    async def on_validation(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return problem_response(validation_problem(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        return problem_response(http_problem(error, methods=_methods_at(request)))

    async def on_failing_database(request: Request, error: Exception) -> Response:
        if not is_unreachable(error):
            return await on_anything(request, error)
        _tell(request, error)
        return problem_response(LedgerUnavailable("Try again later.", headers={"Retry-After": "1"}))

    async def on_anything(request: Request, error: Exception) -> Response:
        _tell(request, error)
        return problem_response(InternalError("The exchange failed and changed nothing; its log holds the cause."))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    for failure in FAILURES:
        app.add_exception_handler(failure, on_failing_database)
    app.add_exception_handler(Exception, on_anything)


def _tell(request: Request, error: Exception) -> None:
    route = request.scope.get("route")
    log().error("request failed", exc_info=error, method=request.method, route=getattr(route, "path", ""))
