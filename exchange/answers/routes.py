"""The address of answers."""

from typing import Any

from fastapi import APIRouter, Request, Response

from exchange.answers.asking import ASK
from exchange.answers.codes.redeeming import REDEEM
from exchange.catalog.terms.schemas import PURPOSE_PATTERN
from exchange.delivery.answering import answer
from exchange.delivery.routes import DeliveryRoute
from exchange.kernel.web.openapi import problems

_RESPONSES: dict[int | str, dict[str, Any]] = {
    **problems(403, 415, 429, 502),
    200: {
        "description": "The answers, under the agreement; signed",
        "headers": {
            "Exchange-Entry": {"schema": {"type": "integer"}, "description": "The ledger index of the answers"},
            "Content-Digest": {"schema": {"type": "string"}, "description": "RFC 9530"},
        },
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AnswersOut"}}},
    },
}
_PURPOSE = {
    "name": "Exchange-Purpose",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": PURPOSE_PATTERN},
    "example": "talent-service",
}


def _taking(schema: str) -> dict[str, Any]:
    """The description of a body in JSON."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"parameters": [_PURPOSE], "requestBody": {"required": True, "content": content}}


router = APIRouter(prefix="/api/v1/answers", tags=["answers"], route_class=DeliveryRoute)


@router.post("", response_class=Response, responses=_RESPONSES, openapi_extra=_taking("AnswerRequest"))
async def ask(request: Request) -> Response:
    """Ask whether granted answers are true of people: yes, no or unknown. No row leaves."""
    return await answer(request, ASK)


@router.post(
    "/redemptions",
    response_class=Response,
    responses={**_RESPONSES, **problems(404)},
    openapi_extra=_taking("Redemption"),
)
async def redeem(request: Request) -> Response:
    """Redeem a person's one-time code: exactly the answers that the person chose, computed now, once."""
    return await answer(request, REDEEM)
