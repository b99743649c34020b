"""The addresses of deliveries: both forms of a question, and how a stream ended."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

import signatures
from exchange.delivery import queries
from exchange.delivery.answering import answer
from exchange.delivery.describing import PLAIN_QUESTION, QUESTION, RESPONSES
from exchange.delivery.schemas import StreamOut
from exchange.kernel.web.access import ROUTE
from exchange.kernel.web.openapi import SIGNED, problems
from exchange.participants.door.routes import Handler, SignedRoute, SignedWork
from exchange.participants.reading import demand_reading

_PREFIX = "/api/v1"
_PATH = "/deliveries"


def is_delivery(scope: Scope) -> bool:
    """Whether this is a request for data, which `serve` answers."""
    return scope["type"] == "http" and scope["path"] == _PREFIX + _PATH and scope["method"] in {"GET", "POST"}


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for data, past routing and middleware; `describing.py` says why. Raises ClientDisconnect."""
    scope[ROUTE] = scope["path"]
    response = await answer(Request(scope, receive, send))
    await response(scope, receive, send)


class DeliveryRoute(APIRoute):
    """A signed route whose endpoint takes the bare request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["openapi_extra"] = {**SIGNED, **(kwargs.get("openapi_extra") or {})}
        super().__init__(*args, **kwargs)

    def get_route_handler(self) -> Handler:
        """The endpoint itself."""
        handler: Handler = self.endpoint
        return handler


router = APIRouter(prefix=_PREFIX, tags=["deliveries"], route_class=DeliveryRoute)
streams = APIRouter(prefix=_PREFIX, tags=["deliveries"], route_class=SignedRoute, responses=problems())


@router.post(_PATH, response_class=Response, responses=RESPONSES, openapi_extra=QUESTION)
async def deliver(request: Request) -> Response:
    """Ask for records. The answer is what the agreement grants: its columns, masks and rows, and no more."""
    return await answer(request)


@router.get(_PATH, response_class=Response, responses=RESPONSES, openapi_extra=PLAIN_QUESTION)
async def deliver_simply(request: Request) -> Response:
    """Ask for records in a query string, for simple readers."""
    return await answer(request)


@streams.get("/deliveries/{stream_id}")
async def read_stream(work: SignedWork, stream_id: UUID) -> StreamOut:
    """Return how a streamed delivery ended, and the digest of the bytes that left."""
    row = await queries.stream(work.session, demand_reading(work, "delivery"), stream_id)
    return StreamOut(
        id=row.id,
        state=row.state,
        started_entry=row.started_entry,
        entry=row.ended_entry,
        rows=row.rows,
        bytes=row.bytes,
        content=signatures.digest_field(bytes.fromhex(row.content)) if row.content else None,
        cut_by_row_cap=row.cut_by_row_cap,
    )
