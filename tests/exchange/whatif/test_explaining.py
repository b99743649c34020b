"""A decision is explained before anybody requests data, by the rules that then decide."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.support.exchanges.populated import PopulatedExchange

EXPLAIN = "/policy/explanations"


def question(exchange: PopulatedExchange, **changes: Any) -> dict[str, Any]:
    about = {"system": exchange.consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}
    return about | changes


async def test_an_allowance_names_every_rule_and_whose_word_each_obligation_is(
    populated_exchange: PopulatedExchange,
) -> None:
    before = len(await populated_exchange.read_entries())
    explanation = (await populated_exchange.call_as("owner", "POST", EXPLAIN, question(populated_exchange))).json
    assert explanation["outcome"] == "allow"
    assert explanation["agreement"] == populated_exchange.objects["agreement"]["id"]
    assert {rule["says"] for rule in explanation["rules"]} == {"allow"}
    assert {"delivery.role_held", "delivery.purpose_in_terms", "delivery.chosen"} <= {
        rule["rule"] for rule in explanation["rules"]
    }
    columns = {
        obligation["name"]: obligation for obligation in explanation["obligations"] if obligation["kind"] == "column"
    }
    assert columns["name"]["value"] == {"kind": "partial", "keep_start": 1, "keep_end": 0}
    assert "terms" in columns["name"]["sources"]
    assert columns["city"]["sources"] == []  # nobody masks it
    assert {obligation["kind"] for obligation in explanation["obligations"]} >= {"row_cap", "not_after"}
    entries = (await populated_exchange.read_entries())[before:]
    assert [entry["type"] for entry in entries] == ["policy.explained"]
    assert entries[0]["outcome"] == "allow"
    assert entries[0]["principal"] == populated_exchange.consumer.system_id


async def test_what_is_told_is_what_then_happens(populated_exchange: PopulatedExchange) -> None:
    """Each question is explained, and then asked: the outcome and the reasons are the same."""
    cases: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
        ({}, "talent-service", {}),
        ({"fields": ["city"]}, "talent-service", {"fields": ["city"]}),
        ({"fields": ["none"]}, "talent-service", {"fields": ["none"]}),
        ({"purpose": "statistics"}, "statistics", {}),
        ({"filtered": ["name"]}, "talent-service", {"filters": [{"field": "name", "op": "eq", "value": "x"}]}),
        ({"dataset": "owner/departments"}, "talent-service", {"dataset": "owner/departments"}),
        ({"dataset": "owner/secret"}, "talent-service", {"dataset": "owner/secret"}),
    ]
    for changes, purpose, asked in cases:
        explanation = (
            await populated_exchange.call_as("consumer", "POST", EXPLAIN, question(populated_exchange, **changes))
        ).json
        answer = await populated_exchange.fetch({"limit": 1, **asked}, purpose=purpose)
        if "outcome" not in explanation:  # what cannot be decided is refused alike
            assert (explanation["type"], answer.status) == (f"/problems/{answer.problem}", 422)
            continue
        assert (explanation["outcome"] == "allow") == (answer.status == 200), changes
        if answer.status != 200:
            denying = [(rule["rule"], rule["code"]) for rule in explanation["rules"] if rule["code"]]
            assert denying == [(reason["rule"], reason["code"]) for reason in answer.json["reasons"]]
            assert all(rule["remedy"] for rule in explanation["rules"] if rule["code"])
            assert "allow" in {rule["says"] for rule in explanation["rules"]}
            assert explanation["obligations"] == []
        else:
            columns = [
                obligation["name"] for obligation in explanation["obligations"] if obligation["kind"] == "column"
            ]
            assert columns == answer.json["fields"]


async def test_another_day_is_another_answer(populated_exchange: PopulatedExchange) -> None:
    later = (populated_exchange.now + timedelta(days=3650)).isoformat()
    explanation = (
        await populated_exchange.call_as("auditor", "POST", EXPLAIN, question(populated_exchange, at=later))
    ).json
    assert explanation["outcome"] == "deny"
    assert "agreement-expired" in {rule["code"] for rule in explanation["rules"]}


async def test_a_suspended_system_and_one_without_a_role_are_told_apart(populated_exchange: PopulatedExchange) -> None:
    explanation = (
        await populated_exchange.call_as(
            "consumer", "POST", EXPLAIN, question(populated_exchange, system=populated_exchange.ids["suspended"])
        )
    ).json
    assert [rule["code"] for rule in explanation["rules"] if rule["code"]] == ["principal-suspended"]
    explanation = (
        await populated_exchange.call_as(
            "auditor", "POST", EXPLAIN, question(populated_exchange, system=populated_exchange.ids["auditor"])
        )
    ).json
    assert "role-missing" in {rule["code"] for rule in explanation["rules"]}


async def test_who_is_not_concerned_is_told_nothing(populated_exchange: PopulatedExchange) -> None:
    missing = "01930b2e-6f1a-7000-8000-000000000001"
    hidden = await populated_exchange.call_as("stranger", "POST", EXPLAIN, question(populated_exchange))
    unknown = await populated_exchange.call_as(
        "stranger", "POST", EXPLAIN, question(populated_exchange, system=missing)
    )
    assert hidden.json | {"entry": 0} == unknown.json | {"entry": 0}
    draft = await populated_exchange.call_as(
        "stranger",
        "POST",
        EXPLAIN,
        question(populated_exchange, system=populated_exchange.ids["stranger-system"], dataset="owner/draft"),
    )
    assert draft.problem == "not-found"
    for wrong in (
        {"purpose": "x" * 99},
        {"at": "yesterday"},
        {"at": "2026-01-01T00:00:00"},
        {"system": "me"},
        {"more": 1},
    ):
        assert (
            await populated_exchange.call_as("owner", "POST", EXPLAIN, question(populated_exchange, **wrong))
        ).problem == "request-invalid"


async def test_an_owner_learns_nothing_about_systems_that_never_applied(
    populated_exchange: PopulatedExchange,
) -> None:
    """State and roles of a stranger's system are the stranger's business: to an owner it is as if there were none."""
    for stranger in (populated_exchange.ids["auditor"], str(UUID(int=1))):
        answer = await populated_exchange.call_as(
            "owner", "POST", EXPLAIN, question(populated_exchange, system=stranger)
        )
        assert (answer.status, answer.problem) == (404, "not-found")
