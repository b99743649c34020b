"""The addresses of deliveries, for both forms of the question, and for how a stream ended."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

import signatures
from exchange.delivery import queries
from exchange.delivery.answering import answer
from exchange.delivery.schemas import StreamOut
from exchange.kernel.web.openapi import SIGNED, problems
from exchange.participants.door.admit import Handler, SignedRoute, SignedWork

_PREFIX = "/api/v1"
_PATH = "/deliveries"


def is_question(scope: Scope) -> bool:
    """Whether this is a request for data, which `serve` answers."""
    return scope["type"] == "http" and scope["path"] == _PREFIX + _PATH and scope["method"] in {"GET", "POST"}


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for data.

    Finding a route, opening what dependencies could need and passing the middleware cost the framework more than a
    delivery's own work, and a delivery uses none of it. The routes below stay what the API's description is made of.
    """
    request = Request(scope, receive, send)
    try:
        response = await answer(request)
    except ClientDisconnect:
        return
    await response(scope, receive, send)


class DeliveryRoute(APIRoute):
    """A signed route whose endpoint takes the bare request: what FastAPI would do for it is done on the way, once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["openapi_extra"] = {**SIGNED, **(kwargs.get("openapi_extra") or {})}
        super().__init__(*args, **kwargs)

    def get_route_handler(self) -> Handler:
        """The endpoint itself."""
        handler: Handler = self.endpoint
        return handler


router = APIRouter(prefix=_PREFIX, tags=["deliveries"], route_class=DeliveryRoute)
streams = APIRouter(prefix=_PREFIX, tags=["deliveries"], route_class=SignedRoute, responses=problems())

_RESPONSES: dict[int | str, dict[str, Any]] = {
    **problems(403, 406, 415, 502),
    200: {
        "description": "The records, under the agreement's obligations; signed",
        "headers": {
            "Exchange-Entry": {"schema": {"type": "integer"}, "description": "The ledger index of the delivery"},
            "Exchange-Delivery": {"schema": {"type": "string", "format": "uuid"}},
            "Exchange-Next": {"schema": {"type": "string"}, "description": "The cursor of the next page, if any"},
            "Content-Digest": {"schema": {"type": "string"}, "description": "RFC 9530; a stream's is a trailer"},
        },
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/DeliveryPage"},
                "example": {
                    "agreement": "01930b2e-6f1a-7000-8000-000000000001",
                    "dataset": "demo-education/degrees",
                    "delivery": "01930b2e-6f1a-7000-8000-000000000002",
                    "version": 1,
                    "fields": ["name", "degree"],
                    "rows": [{"name": "陈*", "degree": "硕士"}],
                    "next": None,
                },
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
}
_PURPOSE = {
    "name": "Exchange-Purpose",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": "^[a-z][a-z0-9-]{1,62}$"},
    "example": "talent-service",
}


def _query(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description, **more}


@router.post(
    _PATH,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra={
        "parameters": [_PURPOSE],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/DeliveryRequest"},
                    "example": {
                        "dataset": "demo-education/degrees",
                        "fields": ["name", "degree"],
                        "filters": [{"field": "degree", "op": "eq", "value": "硕士"}],
                        "limit": 10,
                    },
                }
            },
        },
    },
)
async def deliver(request: Request) -> Response:
    """Ask for records. The answer is what the agreement grants: its columns, masks and rows, and no more."""
    return await answer(request)


@router.get(
    _PATH,
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra={
        "parameters": [
            _PURPOSE,
            _query("dataset", {"type": "string"}, "The dataset's id, or <organisation>/<dataset>", required=True),
            _query("fields", {"type": "string"}, "Field names, comma-separated"),
            _query("where", {"type": "array", "items": {"type": "string"}}, "Filters, field:op:value", explode=True),
            _query("limit", {"type": "integer", "minimum": 1}, "Most rows"),
            _query("cursor", {"type": "string"}, "`next` of the answer before"),
        ]
    },
)
async def deliver_simply(request: Request) -> Response:
    """Ask for records in a query string, for simple readers."""
    return await answer(request)


@streams.get("/deliveries/{stream_id}")
async def read_stream(work: SignedWork, stream_id: UUID) -> StreamOut:
    """How a streamed delivery ended, and the digest of what was sent."""
    row = await queries.stream(work.session, work.principal, stream_id)
    return StreamOut(
        id=row.id,
        state=row.state,
        started_entry=row.started_entry,
        entry=row.ended_entry,
        rows=row.rows,
        bytes=row.bytes,
        content=signatures.digest_field(bytes.fromhex(row.content)) if row.content else None,
    )
