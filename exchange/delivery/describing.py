"""The description of deliveries in the OpenAPI document, written by hand because FastAPI does not handle them.

Deliveries bypass routing and middleware: `Exchange.__call__` (app.py) passes a request for data straight to
`routes.serve`. Matching a route, opening the stacks of dependencies and passing the middleware cost more processor time
than the delivery itself, and a delivery uses none of it: the door authenticates, and the question is read by one call.
The routes exist for the description, for the list of methods, and for tests that walk over all routes.
"""

from typing import Any

from exchange.catalog.terms.schemas import PURPOSE_PATTERN
from exchange.kernel.web.openapi import problems

RESPONSES: dict[int | str, dict[str, Any]] = {
    **problems(403, 406, 415, 502),
    200: {
        "description": "The records, under the agreement's obligations; signed",
        "headers": {
            "Exchange-Entry": {"schema": {"type": "integer"}, "description": "The ledger index of the delivery"},
            "Exchange-Delivery": {"schema": {"type": "string", "format": "uuid"}},
            "Exchange-Next": {"schema": {"type": "string"}, "description": "The cursor of the next page, if any"},
            "Exchange-Cut-By-Row-Cap": {
                "schema": {"type": "string", "enum": ["?0", "?1"]},
                "description": "Of a page: whether more rows match than the row cap lets out (RFC 9651 boolean); of a "
                "stream, see GET /api/v1/deliveries/{stream_id}",
            },
            "Content-Digest": {
                "schema": {"type": "string"},
                "description": "RFC 9530; a stream has none, see GET /api/v1/deliveries/{stream_id}",
            },
        },
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/DeliveryPage"},
                "example": {
                    "agreement": "01930b2e-6f1a-7000-8000-000000000001",
                    "dataset": "demo-education/degrees",
                    "delivery": "01930b2e-6f1a-7000-8000-000000000002",
                    "version": 1,
                    "content_version": 1,
                    "fields": ["name", "degree"],
                    "rows": [{"name": "陈*", "degree": "硕士"}],
                    "next": None,
                    "cut_by_row_cap": False,
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
    "schema": {"type": "string", "pattern": PURPOSE_PATTERN},
    "example": "talent-service",
}


def _query(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description, **more}


QUESTION: dict[str, Any] = {
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
}
PLAIN_QUESTION: dict[str, Any] = {
    "parameters": [
        _PURPOSE,
        _query("dataset", {"type": "string"}, "The dataset's id, or <organisation>/<dataset>", required=True),
        _query("fields", {"type": "string"}, "Field names, comma-separated"),
        _query("where", {"type": "array", "items": {"type": "string"}}, "Filters, field:op:value", explode=True),
        _query("limit", {"type": "integer", "minimum": 1}, "Most rows"),
        _query("cursor", {"type": "string"}, "`next` of the answer before"),
    ]
}
