"""HTTP: the parts of a request, bodies without duplicate keys, HEAD requests, and problems as answers."""

import asyncio
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
    BodyTooSlow,
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
from exchange.kernel.schemas import PATTERN_MESSAGES
from exchange.kernel.settings import KernelSettings
from exchange.kernel.web.access import PROBLEM, template_of

_ERRORS_LISTED = 20
_CLIENT_LEFT = 499  # of an answer that nobody receives
_SIGNED = "/api/"
"""The addresses of signed requests. A signature covers the method, so HEAD is not answered as GET there."""


def runtime_of(request: Request) -> Runtime:
    """The running exchange's parts."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def headers_of(request: Request) -> dict[str, str]:
    """The request's headers by lower-case name; repeated ones are joined (RFC 9110 section 5.2)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def target_uri_of(scope: Scope, headers: Mapping[str, str], settings: KernelSettings) -> str:
    """The target URI that a signature of this request has to cover. `headers` are those of `headers_of`."""
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return settings.target_uri(
        host=headers.get("host"),
        path=raw_path.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
    )


async def body_of(request: Request, *, settings: KernelSettings) -> bytes:
    """The whole body, of at most the size of the settings. Raises ContentTooLarge, BodyTooSlow, ClientDisconnect."""
    if hasattr(request, "_body"):
        return await request.body()
    connection = request.scope.get("extensions", {}).get("exchange.connection", {})
    is_here = "has_arrived" in connection  # most bodies are, and need no timer
    receive = request.receive if is_here else paced(request.receive, settings)
    limit = settings.body_bytes_max
    received = bytearray()
    is_more = True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        received += message.get("body", b"")
        if len(received) > limit:
            raise ContentTooLarge(f"The body may have {limit} bytes here.")
        is_more = message.get("more_body", False)
    request._body = bytes(received)  # noqa: SLF001 - Starlette's own place for a body already read
    return request._body  # noqa: SLF001


def paced(receive: Receive, settings: KernelSettings) -> Receive:
    """Receive a body that has to arrive in `body_seconds`, and a second more for every `body_pace` bytes of it.

    The time runs while the exchange waits for the client, not while it handles what came. A body that is late raises
    BodyTooSlow.
    """
    loop, left = asyncio.get_running_loop(), settings.body_seconds

    async def receive_in_time() -> Message:
        nonlocal left
        begun = loop.time()
        try:
            async with asyncio.timeout(None) as patience:
                # Most bodies have arrived, and a timer costs more than to receive one: it is set once the loop turns.
                timer = loop.call_soon(patience.reschedule, begun + left)
                try:
                    message = await receive()
                finally:
                    timer.cancel()
        except TimeoutError as error:
            raise BodyTooSlow(
                f"A body has {settings.body_seconds:g} seconds to arrive, and one more for every {settings.body_pace} bytes.",
                headers={"Connection": "close"},
            ) from error
        left += len(message.get("body", b"")) / settings.body_pace - (loop.time() - begun)
        return message

    return receive_in_time


def is_public_head(scope: Scope) -> bool:
    """Whether this is a HEAD request at an address that anyone may read; `answer_head` answers it."""
    return scope["type"] == "http" and scope["method"] == "HEAD" and not scope["path"].startswith(_SIGNED)


async def answer_head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer HEAD as GET is answered, without the content (RFC 9110 section 9.3.2)."""

    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    asked = {**scope, "method": "GET"}
    try:
        await app(asked, receive, send_head)
    finally:
        scope.update({**asked, "method": scope["method"]})  # what was found out on the way is logged


def check_members(body: bytes) -> None:
    """Refuse JSON with duplicate keys: parsers differ in which one counts (RFC 8259 section 4).

    A body that is no JSON passes; its reader refuses it. Raises RequestMalformed.
    """
    if not _has_no_duplicate_keys(body):
        with suppress(ValueError, RecursionError):
            json.loads(body, object_pairs_hook=_refuse_duplicate_keys)


def _has_no_duplicate_keys(body: bytes) -> bool:
    """Whether a body surely has none: each member has a colon, so as many colons as distinct keys hide no duplicate."""
    try:
        waiting = [orjson.loads(body)]
    except ValueError:
        return False  # another parser may still accept it
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
        raise RequestMalformed("An object in the body has a duplicate key; send each key once.")


class ProblemResponse(Response):
    """The answer of a problem. It leaves the problem's slug in the scope, for the log."""

    slug = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        scope[PROBLEM] = self.slug
        await super().__call__(scope, receive, send)


def problem_response(problem: Problem, *, entry: int | None = None) -> Response:
    """The answer of a problem (RFC 9457 section 3)."""
    response = ProblemResponse(
        orjson.dumps(problem.document(entry=entry)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )
    response.slug = problem.slug
    return response


def validation_problem(error: RequestValidationError) -> Problem:
    """The problem of FastAPI's validation errors: places and reasons, never the value that was sent."""
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return RequestMalformed("The body is not JSON.")
    listed = [{"at": _pointer(item["loc"]), "error": _message(item)} for item in errors[:_ERRORS_LISTED]]
    return RequestInvalid("Correct what `errors` lists and send the request again.", errors=listed)


_OWN_MESSAGES = {"union_tag_invalid": "an unknown kind", "uuid_parsing": "an id is a UUID"}


def _message(item: dict[str, Any]) -> str:
    """The reason, without the value. Messages of our own validators never repeat it."""
    pattern = PATTERN_MESSAGES.get(item.get("ctx", {}).get("pattern", ""))
    return pattern or _OWN_MESSAGES.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")


def http_problem(error: HTTPException, *, methods: Iterable[str] = ()) -> Problem:
    """The problem of an error that the framework raised. `methods` are those of the address."""
    if error.status_code == NotFound.status:
        return NotFound("There is nothing at this address; /docs lists the addresses.")
    if error.status_code == MethodNotAllowed.status:
        allowed = ", ".join(methods)
        return MethodNotAllowed(f"This address takes: {allowed}.", headers={"Allow": allowed})
    return RequestMalformed("The request cannot be read.")


def _methods_at(request: Request) -> list[str]:
    """The methods of an address. The router reports those of one route only, and each route here has one method."""
    routes = iter_route_contexts(request.app.routes)
    matching = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    methods = {method for route in matching for method in route.methods or ()}
    is_for_anyone = "GET" in methods and not request.scope["path"].startswith(_SIGNED)
    return sorted(methods | {"HEAD"} if is_for_anyone else methods)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "/".join(str(part) for part in location)


def install(app: FastAPI) -> None:
    """Answer every failure of a request with a problem."""

    async def on_error(request: Request, error: Exception) -> Response:
        match error:
            case Problem():
                return problem_response(error)
            case RequestValidationError():
                return problem_response(validation_problem(error))
            case HTTPException():
                return problem_response(http_problem(error, methods=_methods_at(request)))
        if isinstance(error, ClientDisconnect):
            return Response(status_code=_CLIENT_LEFT)
        log().error("request failed", exc_info=error, method=request.method, route=template_of(request.scope))
        if isinstance(error, FAILURES) and is_unreachable(error):
            return problem_response(LedgerUnavailable("Try again later.", headers={"Retry-After": "1"}))
        return problem_response(InternalError("The exchange failed and changed nothing; its log holds the cause."))

    for kind in (Problem, RequestValidationError, HTTPException, ClientDisconnect, *FAILURES, Exception):
        app.add_exception_handler(kind, on_error)
