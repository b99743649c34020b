"""The access log: one JSON line for each request, without anything that a person may have put into it.

A line has the method, the route's template, the status, the seconds it took, the problem, the entry and the principal's
identifier. It has no path, no query, no address and no header.
"""

import time
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Scope, Send

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


class Observed:
    """The `send` of one request: remembers how it is answered, and logs it at its end."""

    __slots__ = ("_begun", "_entry", "_scope", "_send", "_status", "is_complete")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send, self._begun = scope, send, time.perf_counter()
        self._status = 0
        self._entry: int | None = None
        self.is_complete = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            for name, value in message["headers"]:
                if name == b"exchange-entry":
                    self._entry = int(value)
        else:
            self.is_complete = not message.get("more_body", False)
        await self._send(message)

    def end(self) -> None:
        """Log and count the request: its answer has left, or its client has gone."""
        scope, seconds = self._scope, time.perf_counter() - self._begun
        template, problem = template_of(scope), scope.get(PROBLEM)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics.count_request(
            method=method,
            route=template,
            status=self._status,
            seconds=seconds,
            problem=problem,
            is_data=ROUTE in scope,
        )
        if template in _PROBES and self._status == _OK:
            return
        line = {"method": method, "route": template, "status": self._status, "seconds": int(seconds * 1e4) / 1e4}
        if self._entry is not None:
            line["entry"] = self._entry
        if PRINCIPAL in scope:
            line["principal"] = scope[PRINCIPAL]
        if problem is not None:
            line["problem"] = problem
        if not self.is_complete:
            line["is_complete"] = False
        log_request(line)


def entry_of(response: Response) -> int | None:
    """The index of the entry that an answer names."""
    entry = response.headers.get("exchange-entry")
    return int(entry) if entry is not None else None


def template_of(scope: Scope) -> str:
    """The template of a request's route, such as `/api/v1/datasets/{dataset_id}`; empty where no route matches."""
    template = scope.get(ROUTE)
    return str(template or getattr(scope.get("route"), "path", ""))
