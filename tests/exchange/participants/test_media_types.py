"""The media types that signed requests may have: the same ones on every way into the exchange."""

import json
from typing import Any

import pytest

from tests.support.exchanges.populated import DELIVERIES, PopulatedExchange

EXPLANATIONS = "/api/v1/policy/explanations"
READ = [
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON",
    "application/problem+json",
    "application/ld+json;profile=x",
]
NOT_READ = [
    None,
    "",
    "text/plain",
    "text/json",
    "application/xml",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "application/jsonl",
    "application/+json/x",
    "text/x+json",
]


def document(populated_exchange: PopulatedExchange, target: str) -> dict[str, Any]:
    """A document that the address takes."""
    if target == DELIVERIES:
        return {"dataset": "owner/people", "limit": 1}
    return {"system": populated_exchange.consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}


async def send(
    populated_exchange: PopulatedExchange,
    target: str,
    media_type: str | None,
    body: bytes | None,
    *,
    method: str = "POST",
) -> Any:
    headers = {"exchange-purpose": "talent-service"} | ({} if media_type is None else {"content-type": media_type})
    signed = populated_exchange.sign(populated_exchange.consumer.system, method, target, body=body, headers=headers)
    return await populated_exchange.send(method, target, signed, body)


@pytest.mark.parametrize("target", [DELIVERIES, EXPLANATIONS])
@pytest.mark.parametrize("media_type", READ)
async def test_json_is_read_under_each_of_its_names(
    populated_exchange: PopulatedExchange, target: str, media_type: str
) -> None:
    answer = await send(
        populated_exchange, target, media_type, json.dumps(document(populated_exchange, target)).encode()
    )
    assert answer.status == 200, answer.content.decode()


@pytest.mark.parametrize("target", [DELIVERIES, EXPLANATIONS])
@pytest.mark.parametrize("media_type", NOT_READ)
async def test_no_other_media_type_is_read(
    populated_exchange: PopulatedExchange, target: str, media_type: str | None
) -> None:
    answer = await send(
        populated_exchange, target, media_type, json.dumps(document(populated_exchange, target)).encode()
    )
    assert (answer.status, answer.problem) == (415, "unsupported-media-type")
    entry = (await populated_exchange.read_entries())[answer.json["entry"]]
    assert entry["problem"] == "unsupported-media-type"
    assert entry["actor"]["principal"] == populated_exchange.consumer.system_id


@pytest.mark.parametrize("media_type", [None, "application/json", "text/plain"])
async def test_an_empty_body_has_no_media_type(populated_exchange: PopulatedExchange, media_type: str | None) -> None:
    answer = await send(populated_exchange, DELIVERIES, media_type, b"")
    assert (answer.status, answer.problem) == (400, "request-malformed")
    assert (await send(populated_exchange, EXPLANATIONS, media_type, b"")).status == 422


@pytest.mark.parametrize("target", [f"{DELIVERIES}?dataset=owner/people&limit=1", "/api/v1/me"])
async def test_a_question_in_the_address_needs_no_media_type(
    populated_exchange: PopulatedExchange, target: str
) -> None:
    for media_type in (None, "text/plain"):
        assert (await send(populated_exchange, target, media_type, None, method="GET")).status == 200


@pytest.mark.parametrize("target", [f"{DELIVERIES}?dataset=owner/people&limit=1", "/api/v1/me"])
async def test_a_body_counts_under_any_method(populated_exchange: PopulatedExchange, target: str) -> None:
    """A body that came along with GET is covered by the signature, and its media type is read, or it is refused."""
    headers = {"exchange-purpose": "talent-service", "content-type": "application/json"}
    uncovered = populated_exchange.sign(populated_exchange.consumer.system, "GET", target, headers=headers)
    assert (await populated_exchange.send("GET", target, uncovered, b"{}")).problem == "signature-incomplete"
    assert (
        await send(populated_exchange, target, "text/plain", b"{}", method="GET")
    ).problem == "unsupported-media-type"
    assert (await send(populated_exchange, target, "application/json", b"{}", method="GET")).status == 200
