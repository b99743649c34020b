"""What the OpenAPI document says of every route: the headers a signed request has, and the problems it may meet."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from exchange.kernel.problems import MEDIA_TYPE

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "A section of docs/problems.md"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do"},
        "entry": {"type": "integer", "description": "The ledger index of the refusal"},
        "reasons": {
            "type": "array",
            "description": "Of a refused delivery: each rule that said no, and what would satisfy it",
            "items": {
                "type": "object",
                "required": ["code", "rule", "remedy"],
                "properties": {
                    "code": {"type": "string"},
                    "rule": {"type": "string"},
                    "remedy": {"type": "string"},
                    "ref": {"type": "string"},
                },
            },
        },
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"at": {"type": "string"}, "error": {"type": "string"}}},
        },
    },
}
SCHEMAS = {"Problem": _PROBLEM}
SECURITY = {
    "httpSignature": {
        "type": "http",
        "scheme": "signature",
        "description": "HTTP Message Signatures (RFC 9421) with Ed25519, label sig1, tag data-exchange; see docs/signing.md.",
    }
}
_DESCRIPTIONS = {
    400: ("The request cannot be read", "request-malformed"),
    401: ("The sender is not established", "signature-missing"),
    403: ("The sender may not do this", "role-missing"),
    404: ("Nothing that you may see is there", "not-found"),
    405: ("The address does not take this method", "method-not-allowed"),
    406: ("No acceptable representation", "not-acceptable"),
    409: ("The present state does not allow this", "conflict"),
    413: ("The body is too large", "content-too-large"),
    415: ("The body's media type is not read here", "unsupported-media-type"),
    422: ("The request is not valid", "request-invalid"),
    429: ("Too many refusals", "too-many-refusals"),
    500: ("The exchange failed, or found what it keeps altered", "internal-error"),
    502: ("The source failed", "source-failed"),
    503: ("The exchange cannot do this now; nothing was changed", "ledger-unavailable"),
}
# What any address may answer: described once, and named by every operation.
_EVERYWHERE = {405: "MethodNotAllowed", 500: "InternalError"}
_ALWAYS = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)

# For `openapi_extra`: the route takes signed requests.
SIGNED: dict[str, Any] = {"security": [{"httpSignature": []}]}


def problems(*statuses: int, public: bool = False) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: the problems of every signed route, or of a public one, and those named."""
    chosen = sorted({*((404, 422, 503) if public else _ALWAYS), *statuses})
    return {status: _response(status) for status in chosen}


def _response(status: int) -> dict[str, Any]:
    description, slug = _DESCRIPTIONS[status]
    return {
        "description": description,
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": {
                    "type": f"/problems/{slug}",
                    "title": description,
                    "status": status,
                    "detail": "What to do about it.",
                },
            }
        },
    }


def complete(app: FastAPI, *, models: Sequence[type[BaseModel]]) -> None:
    """Add what FastAPI does not see: the problem schema, the signature scheme, models of hand-described bodies, and the
    problems of every address.
    """
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = described()
            components = document.setdefault("components", {})
            schemas = components.setdefault("schemas", {})
            schemas.update(SCHEMAS)
            for model in models:
                schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
                schemas.update(schema.pop("$defs", {}))
                schemas[model.__name__] = schema
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            components["securitySchemes"] = SECURITY
            components["responses"] = {name: _response(status) for status, name in _EVERYWHERE.items()}
            for operation in [one for path in document["paths"].values() for one in path.values()]:
                for status, name in _EVERYWHERE.items():
                    operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{name}"})
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
