"""The access log: one JSON line for each request, without anything that a person may have put into it.

A line has the method, the route's template, the status, the seconds it took, the problem, the entry and the principal's
identifier. It has no path, no query, no address and no header.
"""

import time
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exchange.kernel import metrics
from exchange.kernel.logs import log_request

ROUTE: Final = "exchange.route"
PRINCIPAL: Final = "exchange.principal"
PROBLEM: Final = "exchange.problem"
"""Members of a request's scope: the template of a route that bypasses routing, the principal's identifier, the slug of the
problem that answers it."""

_PROBES = frozenset({"/livez", "/readyz"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OK = 200


async def observe(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, and log it once its answer has left or its client has gone."""
    begun = time.perf_counter()
    status, entry, is_complete = 0, None, False

    async def watch(message: Message) -> None:
        nonlocal status, entry, is_complete
        if message["type"] == "http.response.start":
            status = message["status"]
            entry = next((int(value) for name, value in message["headers"] if name == b"exchange-entry"), None)
        else:
            is_complete = not message.get("more_body", False)
        await send(message)

    try:
        await app(scope, receive, watch)
    except ClientDisconnect:
        pass
    except Exception:
        if not is_complete:
            raise
        # The answer states a failure that is in the log already; Starlette raises its cause for servers that have none.
    finally:
        _log(scope, status, entry, time.perf_counter() - begun, is_complete=is_complete)


def _log(scope: Scope, status: int, entry: int | None, seconds: float, *, is_complete: bool) -> None:
    template = template_of(scope)
    method = scope["method"] if scope["method"] in _METHODS else "other"
    problem, is_data = scope.get(PROBLEM), ROUTE in scope
    metrics.count_request(
        method=method, route=template, status=status, seconds=seconds, problem=problem, is_data=is_data
    )
    if template in _PROBES and status == _OK:
        return
    line = {
        "method": method,
        "route": template,
        "status": status,
        "seconds": round(seconds, 4),
        "entry": entry,
        "principal": scope.get(PRINCIPAL),
        "problem": problem,
        "is_complete": None if is_complete else False,
    }
    log_request({name: value for name, value in line.items() if value is not None})


def entry_of(response: Response) -> int | None:
    """The index of the entry that an answer names."""
    entry = response.headers.get("exchange-entry")
    return int(entry) if entry is not None else None


def template_of(scope: Scope) -> str:
    """The template of a request's route, such as `/api/v1/datasets/{dataset_id}`; empty where no route matches."""
    route = scope.get("route")
    return str(scope.get(ROUTE) or getattr(route, "path", ""))
