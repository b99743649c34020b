"""The OpenAPI document: the signature scheme, and the problems of every route."""

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
            "description": "Of a refused delivery: each rule that refused it, and its remedy",
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
        "granted": {
            "type": "object",
            "description": "Of a delivery refused for its purpose, fields or filters: what your agreement grants",
            "properties": {
                "agreement": {"type": "string"},
                **{name: {"type": "array", "items": {"type": "string"}} for name in ("purposes", "fields", "masked")},
            },
        },
        "other_agreements": {
            "type": "array",
            "description": "Of a refused delivery: your other agreements on the dataset, by id",
            "items": {"type": "string"},
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
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-session",
        "description": "A person's session at the portal; see docs/portal.md.",
    },
}
_DESCRIPTIONS = {
    400: ("The request cannot be read", "request-malformed"),
    401: ("The sender is not established", "signature-missing"),
    403: ("The sender may not do this", "role-missing"),
    404: ("Not found, or not visible to you", "not-found"),
    405: ("The address does not take this method", "method-not-allowed"),
    406: ("No acceptable representation", "not-acceptable"),
    408: ("The body did not arrive in time", "body-too-slow"),
    409: ("The present state does not allow this", "conflict"),
    413: ("The body is too large", "content-too-large"),
    415: ("The media type of the body is not supported", "unsupported-media-type"),
    422: ("The request is not valid", "request-invalid"),
    429: ("Too many refusals, or changes", "too-many-refusals"),
    500: ("The exchange failed, or found a stored record altered", "internal-error"),
    502: ("The source failed", "source-failed"),
    507: ("The exchange has no room for the file", "storage-full"),
    503: ("The exchange cannot do this now; nothing was changed", "ledger-unavailable"),
}
# Any address may answer these: they are described once and referenced by every operation.
_EVERYWHERE = {405: "MethodNotAllowed", 500: "InternalError"}
_ALWAYS = (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)

# A value for `openapi_extra`: the route takes signed requests.
SIGNED: dict[str, Any] = {"security": [{"httpSignature": []}]}


def problems(*statuses: int, public: bool = False) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: the problems of every signed or public route, and `statuses`."""
    listed = sorted({*((404, 422, 503) if public else _ALWAYS), *statuses})
    return {status: _response(status) for status in listed}


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
    """Add to FastAPI's document: the problem schema, the signature scheme, further `models`, and common problems."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
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
            for operation in [operation for path in document["paths"].values() for operation in path.values()]:
                for status, name in _EVERYWHERE.items():
                    operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{name}"})
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
