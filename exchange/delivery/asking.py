"""Asking: reads the purpose and the question of a request for data, in either of its forms."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from pydantic import ValidationError

from exchange.delivery.schemas import DeliveryRequest, from_query
from exchange.kernel.problems import RequestInvalid, RequestMalformed
from exchange.kernel.web.http import check_members
from exchange.participants.door.admit import Way

WAYS: Mapping[str, Way] = {
    "GET": Way(has_purpose=True, checks_standing=False),
    "POST": Way(has_body=True, has_purpose=True, checks_standing=False),
}
"""What the door demands of a request for data, by method. The decision gives the reasons against a suspended sender."""

_PURPOSE = re.compile(r"[a-z][a-z0-9-]{1,62}")
_ERRORS_SHOWN = 20


def purpose_of(headers: Mapping[str, str]) -> str:
    """The purpose that the signature covers. Raises RequestInvalid."""
    purpose = headers["exchange-purpose"]
    if not _PURPOSE.fullmatch(purpose):
        raise RequestInvalid(
            "Correct what `errors` lists.",
            errors=[{"at": "header/exchange-purpose", "error": "a purpose is a code such as talent-service"}],
        )
    return purpose


def question_of(method: str, body: bytes, query: bytes) -> DeliveryRequest:
    """The question in a body of JSON (POST) or in a query string (GET). Raises RequestInvalid, RequestMalformed."""
    try:
        if method == "POST":
            check_members(body)
            return DeliveryRequest.model_validate_json(body)
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=100)
        return DeliveryRequest.model_validate(from_query(pairs))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        if any(fault["type"] == "json_invalid" for fault in faults):
            raise RequestMalformed("The body is not JSON.") from error
        raise RequestInvalid(
            "Correct what `errors` lists and send the request again.",
            errors=[
                {"at": "/".join(["body", *(str(part) for part in fault["loc"])]), "error": fault["msg"]}
                for fault in faults[:_ERRORS_SHOWN]
            ],
        ) from error
    except ValueError as error:
        raise RequestMalformed("The query string cannot be read.") from error
