"""What would happen: told before anybody asks for data, by the rules that then decide."""

from datetime import timedelta
from typing import Any

import asyncpg

from exchange.kernel.database import arguments
from tests.support.scene import Scene
from tests.support.world import World

EXPLAIN = "/policy/explanations"


def question(scene: Scene, **changes: Any) -> dict[str, Any]:
    about = {"system": scene.consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}
    return about | changes


async def test_an_allowance_names_every_rule_and_whose_word_each_obligation_is(scene: Scene) -> None:
    before = len(await scene.world.entries())
    told = (await scene.say("owner", "POST", EXPLAIN, question(scene))).json
    assert told["outcome"] == "allow"
    assert told["agreement"] == scene.objects["agreement"]["id"]
    assert {rule["says"] for rule in told["rules"]} == {"allow"}
    assert {"delivery.role_held", "delivery.purpose_in_terms", "delivery.chosen"} <= {
        one["rule"] for one in told["rules"]
    }
    columns = {one["name"]: one for one in told["obligations"] if one["kind"] == "column"}
    assert columns["name"]["value"] == {"kind": "partial", "keep_start": 1, "keep_end": 0}
    assert "terms" in columns["name"]["sources"]
    assert columns["city"]["sources"] == []  # nobody masks it
    assert {one["kind"] for one in told["obligations"]} >= {"row_cap", "not_after"}
    entries = (await scene.world.entries())[before:]
    assert [entry["type"] for entry in entries] == ["policy.explained"]
    assert entries[0]["outcome"] == "allow"
    assert entries[0]["principal"] == scene.consumer.system_id


async def test_what_is_told_is_what_then_happens(scene: Scene) -> None:
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
        told = (await scene.say("consumer", "POST", EXPLAIN, question(scene, **changes))).json
        answer = await scene.ask({"limit": 1, **asked}, purpose=purpose)
        assert (told["outcome"] == "allow") == (answer.status == 200), changes
        if answer.status != 200:
            said = [(rule["rule"], rule["code"]) for rule in told["rules"] if rule["code"]]
            assert said == [(reason["rule"], reason["code"]) for reason in answer.json["reasons"]]
            assert all(rule["remedy"] for rule in told["rules"] if rule["code"])
            assert "allow" in {rule["says"] for rule in told["rules"]}
            assert told["obligations"] == []
        else:
            columns = [one["name"] for one in told["obligations"] if one["kind"] == "column"]
            assert columns == answer.json["fields"]


async def test_another_day_is_another_answer(scene: Scene) -> None:
    later = (scene.world.now + timedelta(days=3650)).isoformat()
    told = (await scene.say("auditor", "POST", EXPLAIN, question(scene, at=later))).json
    assert told["outcome"] == "deny"
    assert "agreement-expired" in {rule["code"] for rule in told["rules"]}


async def test_a_suspended_system_and_one_without_a_role_are_told_apart(scene: Scene) -> None:
    told = (await scene.say("consumer", "POST", EXPLAIN, question(scene, system=scene.keys["suspended"]))).json
    assert [rule["code"] for rule in told["rules"] if rule["code"]] == ["principal-suspended"]
    told = (await scene.say("owner", "POST", EXPLAIN, question(scene, system=scene.keys["auditor"]))).json
    assert "role-missing" in {rule["code"] for rule in told["rules"]}


async def test_who_is_not_concerned_is_told_nothing(scene: Scene) -> None:
    missing = "01930b2e-6f1a-7000-8000-000000000001"
    hidden = await scene.say("stranger", "POST", EXPLAIN, question(scene))
    nothing = await scene.say("stranger", "POST", EXPLAIN, question(scene, system=missing))
    assert hidden.json | {"entry": 0} == nothing.json | {"entry": 0}
    draft = await scene.say(
        "stranger", "POST", EXPLAIN, question(scene, system=scene.keys["stranger-system"], dataset="owner/draft")
    )
    assert draft.problem == "not-found"
    for wrong in (
        {"purpose": "x" * 99},
        {"at": "yesterday"},
        {"at": "2026-01-01T00:00:00"},
        {"system": "me"},
        {"more": 1},
    ):
        assert (await scene.say("owner", "POST", EXPLAIN, question(scene, **wrong))).problem == "request-invalid"


async def test_a_condition_of_the_owners_terms_is_told_to_the_owner_only(world: World, people_table: str) -> None:
    owner, consumer = await world.party("owner"), await world.party("consumer", kind="institution", level="none")
    condition = {"field": "city", "op": "eq", "value": "330110"}
    source = await world.table_source(owner, people_table, "people")
    dataset = await world.dataset(owner, source, "people", terms={"row_filter": condition})
    await world.agreement(consumer, owner, dataset)
    asked = {"system": consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}
    for key, expected in ((owner.steward, condition), (consumer.steward, None)):
        told = await world.done(key, "POST", f"/api/v1{EXPLAIN}", asked)
        filters = [one for one in told["obligations"] if one["kind"] == "row_filter"]
        assert [(one["value"], one["withheld"], one["sources"]) for one in filters] == [
            (expected, expected is None, ["terms"])
        ]
    assert "330110" not in str(await world.entries())


async def test_before_publishing_an_owner_sees_what_its_terms_would_change(world: World, people_table: str) -> None:
    owner, consumer = await world.party("owner"), await world.party("consumer", kind="institution", level="none")
    other = await world.party("other", kind="enterprise", level="none")
    source = await world.table_source(owner, people_table, "people")
    dataset = await world.dataset(owner, source, "people")
    first = await world.agreement(consumer, owner, dataset)
    second = await world.agreement(other, owner, dataset)
    made = []
    for party, fields in ((consumer, []), (other, []), (consumer, ["city"]), (consumer, ["born"])):
        asked = {"dataset": "owner/people", "limit": 1, "fields": fields}
        answer = await world.call(party.system, "POST", "/api/v1/deliveries", asked, purpose="talent-service")
        made.append(int(answer.headers["exchange-entry"]))
    target = f"/api/v1/datasets/{dataset['id']}/draft/effects"
    assert (await world.call(owner.steward, "POST", target)).problem == "conflict"  # nothing is drafted

    async def draft(**terms: Any) -> Any:
        document = {**dataset["document"], "terms": {**dataset["document"]["terms"], **terms}}
        address = f"/api/v1/datasets/{dataset['id']}/draft"
        await world.done(
            owner.steward, "PUT", address, {"source": source["id"], "handle": "people", "document": document}
        )
        return await world.done(owner.steward, "POST", target)

    nothing = await draft()
    assert (nothing["agreements"], nothing["refused"]) == ([], [])
    assert (nothing["looked_at"], nothing["exact"]) == (4, 4)

    narrower = await draft(
        fields=["person_id", "name", "city"], masks={"name": {"kind": "hash"}}, row_cap=10,
        row_filter={"field": "city", "op": "eq", "value": "330110"},
    )  # fmt: skip
    assert {one["agreement"] for one in narrower["agreements"]} == {first["id"], second["id"]}
    assert narrower["agreements"][0]["changes"] == [
        "column born is withheld",
        "column name is masked by hash instead of nothing",
        "other rows",
        f"at most 10 rows instead of {dataset['document']['terms']['row_cap']}",
    ]
    assert [(one["entry"], one["reasons"]) for one in narrower["refused"]] == [(made[3], ["field-not-granted"])]
    assert "330110" not in str(narrower)

    closed = await draft(consumers={"kinds": ["institution"]})
    assert [(one["agreement"], one["before"], one["after"], one["reasons"]) for one in closed["agreements"]] == [
        (second["id"], "allow", "deny", ["consumer-not-in-terms"])
    ]
    assert [(one["entry"], one["reasons"]) for one in closed["refused"]] == [(made[1], ["consumer-not-in-terms"])]

    other_purpose = await draft(purposes=["statistics"])
    assert [one["entry"] for one in other_purpose["refused"]] == made
    connection = await asyncpg.connect(**arguments(world.app.state.runtime.database.url))
    await connection.execute("DELETE FROM decision_inputs")  # their time is over
    await connection.close()
    without = await world.done(owner.steward, "POST", target)
    assert (without["exact"], [one["entry"] for one in without["refused"]]) == (0, made)
    # And then it is as was told.
    await world.done(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")
    answer = await world.call(
        consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/people", "limit": 1}, purpose="talent-service"
    )
    assert answer.problem == "purpose-not-granted"
