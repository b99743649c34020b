"""Attacks on decisions: another domain's role, forged headers, letters that look alike, injection, documents of a megabyte."""

import json
import unicodedata
from typing import Any

import pytest

from tests.support.exchanges.exchange import Key
from tests.support.exchanges.populated import DELIVERIES, PopulatedExchange

MEGABYTE = 1_000_000


async def test_a_role_of_another_domain_opens_nothing(populated_exchange: PopulatedExchange) -> None:
    """The consumer's approver and steward are those of its own organisation, for every value in the address."""
    owner, waiting = populated_exchange.owner.id, populated_exchange.objects["waiting"]["id"]
    for method, target, document in (
        ("POST", f"/applications/{waiting}/approval", {}),
        ("POST", f"/agreements/{populated_exchange.objects['agreement']['id']}/suspension", {"reason": "x"}),
        (
            "POST",
            f"/organisations/{owner}/principals",
            {"kind": "system", "handle": "x", "title": "x", **populated_exchange.registration(Key(), "owner", "x")},
        ),
        ("POST", f"/principals/{populated_exchange.consumer.system_id}/roles", {"role": "consumer", "domain": owner}),
        (
            "POST",
            f"/principals/{populated_exchange.consumer.system_id}/roles",
            {"role": "auditor", "domain": "exchange"},
        ),
        ("POST", "/sources", {"organisation": owner, "source": {"kind": "file", "title": "x"}}),
    ):
        answer = await populated_exchange.call_as("consumer", method, target, document)
        assert answer.problem in {"role-missing", "not-found"}, target


@pytest.mark.parametrize(
    "forged",
    [
        {"exchange-principal": "operator", "exchange-roles": "auditor,operator"},
        {"x-forwarded-for": "127.0.0.1", "x-forwarded-host": "localhost:8000", "forwarded": "for=127.0.0.1"},
        {"x-http-method-override": "GET", "x-original-url": "/api/v1/me"},
        {"authorization": "Bearer x", "x-remote-user": "operator", "x-real-ip": "127.0.0.1"},
    ],
)
async def test_headers_that_claim_something_change_nothing(
    populated_exchange: PopulatedExchange, forged: dict[str, str]
) -> None:
    body = json.dumps({"dataset": "owner/people", "limit": 1}).encode()
    headers = {"content-type": "application/json", "exchange-purpose": "talent-service"} | forged
    signed = populated_exchange.sign(populated_exchange.stranger.system, "POST", DELIVERIES, body=body, headers=headers)
    plain = await populated_exchange.fetch({"limit": 1}, key=populated_exchange.stranger.system)
    claimed = await populated_exchange.send("POST", DELIVERIES, signed | forged, body)
    assert claimed.json | {"entry": 0} == plain.json | {"entry": 0}
    assert claimed.problem == "agreement-missing"


async def test_two_purposes_are_none(populated_exchange: PopulatedExchange) -> None:
    """A second purpose behind the one that is granted is not the purpose of the decision, nor are both."""
    for purpose in (
        "statistics, talent-service",
        "talent-service, talent-service",
        "talent-service;x",
        "Talent-service",
    ):
        assert (await populated_exchange.fetch({"limit": 1}, purpose=purpose)).problem == "request-invalid"
    assert (await populated_exchange.fetch({"limit": 1}, purpose="talent-services")).problem == "purpose-not-granted"


LOOKALIKES = (
    "оwner/people",
    "owner/pеople",
    "ｏwner/people",
    "owner∕people",
    "OWNER/people",
    "owner/pe\u200bople",
)


@pytest.mark.parametrize("reference", LOOKALIKES)
async def test_letters_that_look_alike_name_something_else(
    populated_exchange: PopulatedExchange, reference: str
) -> None:
    answer = await populated_exchange.fetch({"dataset": reference, "limit": 1})
    assert answer.problem in {"not-found", "request-invalid"}


@pytest.mark.parametrize("handle", ["оwner2", "own\u00ebr", "ｏwner", "own er", "owner\u200b", "İstanbul"])
async def test_nobody_registers_under_a_name_that_looks_like_anothers(
    populated_exchange: PopulatedExchange, handle: str
) -> None:
    key = populated_exchange.keys["operator"]
    document = {"handle": handle, "kind": "enterprise", "code": "x", "level": "none", "name_zh": "x", "name_en": "x"}
    answer = await populated_exchange.call(key, "POST", "/api/v1/organisations", document)
    assert answer.problem == "request-invalid"
    assert "handle" in str(answer.json["errors"])


async def test_a_field_is_its_exact_name(populated_exchange: PopulatedExchange) -> None:
    for name in (
        "nаme",
        "Name",
        "na\u200bme",
        unicodedata.normalize("NFD", "é") + "name",
        'name"',
        "name--",
        "*",
    ):
        for question in ({"fields": [name]}, {"filters": [{"field": name, "op": "eq", "value": "x"}]}):
            answer = await populated_exchange.fetch({"limit": 1, **question})
            assert answer.problem in {"field-unknown", "request-invalid"}, name


INJECTIONS: list[Any] = [
    "' OR 1=1 --",
    "330110' OR '1'='1",
    '") OR TRUE --',
    "$1",
    "%",
    "_____",
    "\\",
    "'; DROP TABLE people; --",
    "${city}",
    "{{7*7}}",
]


@pytest.mark.parametrize("value", INJECTIONS)
async def test_a_filters_value_is_a_value(populated_exchange: PopulatedExchange, value: str) -> None:
    for dataset in ("owner/people", "owner/degrees"):
        for op in ("eq", "prefix", "in"):
            wanted: Any = [value] if op == "in" else value
            field = "city" if dataset == "owner/people" else "name"
            answer = await populated_exchange.fetch(
                {"dataset": dataset, "filters": [{"field": field, "op": op, "value": wanted}], "limit": 5}
            )
            assert answer.status == 200, answer.content
            assert answer.json["rows"] == []
    assert len((await populated_exchange.fetch({"limit": 5})).json["rows"]) == 5


def deep(levels: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"field": "city", "op": "eq", "value": "1"}
    for _ in range(levels):
        condition = {"all": [condition]}
    return condition


SHORT = 5_000
CONDITIONS: list[tuple[str, Any]] = [
    ("long text", {"field": "city", "op": "eq", "value": "x" * (MEGABYTE - 2000)}),
    ("many parts", {"any": [{"field": "city", "op": "eq", "value": "1"}] * 20_000}),
    ("many values", {"field": "city", "op": "in", "value": ["1"] * 200_000}),
    ("deep", deep(300)),
]


@pytest.mark.parametrize(("name", "condition"), CONDITIONS, ids=[name for name, _ in CONDITIONS])
async def test_a_megabyte_of_conditions_is_refused_at_once(
    populated_exchange: PopulatedExchange, name: str, condition: Any
) -> None:
    """The condition is a term of the owner, a proposal of a consumer, and a filter of a delivery.

    A short answer shows that reading stopped at the first bound, and did not collect an error for each part.
    """
    document = populated_exchange.objects["people"]["document"]
    terms = {**document, "terms": {**document["terms"], "row_filter": condition}}
    draft = {"source": populated_exchange.objects["table"]["id"], "handle": "x", "document": terms}
    proposal = populated_exchange.draft_application(populated_exchange.objects["people"]) | {"row_filter": condition}
    question = {"filters": [condition]}
    before = await populated_exchange.read_state()
    for key, target, body in (
        (populated_exchange.owner.steward, "/api/v1/datasets", draft),
        (populated_exchange.consumer.steward, "/api/v1/applications", proposal),
    ):
        answer = await populated_exchange.call(key, "POST", target, body)
        assert 400 <= answer.status < 500, (name, target, answer.content[:300])
        assert len(answer.content) < SHORT
    answer = await populated_exchange.fetch(question)
    # A long text compares with nothing; all else is no filter.
    assert 400 <= answer.status < 500 or (name == "long text" and answer.json["rows"] == []), answer.content[:300]
    assert len(answer.content) < SHORT
    assert await populated_exchange.read_state() == before
