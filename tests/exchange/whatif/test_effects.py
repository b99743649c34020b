"""Effects of drafted terms are foreseen; each test has an exchange of its own."""

import asyncio
from typing import Any

import asyncpg
import pytest

from exchange.kernel.clock import rfc3339
from exchange.kernel.database import arguments
from exchange.whatif import effects
from exchange.whatif.parts import Turns
from ledger import entries
from ledger.log import store
from tests.support.exchanges.exchange import Exchange, Party

EXPLAIN = "/policy/explanations"


async def test_a_condition_of_the_owners_terms_is_told_to_the_owner_only(exchange: Exchange, people_table: str) -> None:
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    condition = {"field": "city", "op": "eq", "value": "330110"}
    source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(owner, source, "people", terms={"row_filter": condition})
    await exchange.conclude_agreement(consumer, owner, dataset)
    question = {"system": consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}
    for key, expected in ((owner.steward, condition), (consumer.steward, None)):
        explanation = await exchange.call_ok(key, "POST", f"/api/v1{EXPLAIN}", question)
        filters = [obligation for obligation in explanation["obligations"] if obligation["kind"] == "row_filter"]
        assert [(row_filter["value"], row_filter["withheld"], row_filter["sources"]) for row_filter in filters] == [
            (expected, expected is None, ["terms"])
        ]
    assert "330110" not in str(await exchange.read_entries())


async def test_before_publishing_an_owner_sees_what_its_terms_would_change(
    exchange: Exchange, people_table: str
) -> None:
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    other = await exchange.admit("other", kind="enterprise", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(owner, source, "people")
    first = await exchange.conclude_agreement(consumer, owner, dataset)
    second = await exchange.conclude_agreement(other, owner, dataset)
    indexes = []
    for party, fields in ((consumer, None), (other, None), (consumer, ["city"]), (consumer, ["born"])):
        question = {"dataset": "owner/people", "limit": 1} | ({"fields": fields} if fields else {})
        answer = await exchange.call(party.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
        indexes.append(int(answer.headers["exchange-entry"]))
    target = f"/api/v1/datasets/{dataset['id']}/draft/effects"
    assert (await exchange.call(owner.steward, "POST", target)).problem == "conflict"  # nothing is drafted

    async def draft(**terms: Any) -> Any:
        document = {**dataset["document"], "terms": {**dataset["document"]["terms"], **terms}}
        address = f"/api/v1/datasets/{dataset['id']}/draft"
        await exchange.call_ok(
            owner.steward, "PUT", address, {"source": source["id"], "handle": "people", "document": document}
        )
        return await exchange.call_ok(owner.steward, "POST", target)

    unchanged = await draft()
    assert (unchanged["agreements"], unchanged["refused"]) == ([], [])
    assert (unchanged["looked_at"], unchanged["exact"]) == (4, 4)
    # More ask at once than there are connections: they wait for their turn, and nobody else waits for them.
    async with exchange.runtime[Turns].lock:
        waiting = [asyncio.create_task(exchange.call_ok(owner.steward, "POST", target)) for _ in range(20)]
        for _ in range(3):
            await exchange.call_ok(owner.steward, "GET", "/api/v1/me")
    assert await asyncio.gather(*waiting) == [unchanged] * 20

    narrower = await draft(
        fields=["person_id", "name", "city"], masks={"name": {"kind": "hash"}}, row_cap=10,
        row_filter={"field": "city", "op": "eq", "value": "330110"},
    )  # fmt: skip
    assert {effect["agreement"] for effect in narrower["agreements"]} == {first["id"], second["id"]}
    assert narrower["agreements"][0]["changes"] == [
        "column born is withheld",
        "column name is masked by hash instead of nothing",
        "other rows",
        f"at most 10 rows instead of {dataset['document']['terms']['row_cap']}",
    ]
    assert [(refusal["entry"], refusal["reasons"]) for refusal in narrower["refused"]] == [
        (indexes[3], ["field-not-granted"])
    ]
    assert "330110" not in str(narrower)

    closed = await draft(consumers={"kinds": ["institution"]})
    assert [
        (effect["agreement"], effect["before"], effect["after"], effect["reasons"]) for effect in closed["agreements"]
    ] == [(second["id"], "allow", "deny", ["consumer-not-in-terms"])]
    assert [(refusal["entry"], refusal["reasons"]) for refusal in closed["refused"]] == [
        (indexes[1], ["consumer-not-in-terms"])
    ]

    other_purpose = await draft(purposes=["statistics"])
    assert [refusal["entry"] for refusal in other_purpose["refused"]] == indexes
    connection = await asyncpg.connect(**arguments(exchange.runtime.database.url))
    await connection.execute("DELETE FROM decision_inputs")  # their time is over
    await connection.close()
    without = await exchange.call_ok(owner.steward, "POST", target)
    assert (without["exact"], [refusal["entry"] for refusal in without["refused"]]) == (0, indexes)
    # The effects then are the foreseen ones.
    await exchange.call_ok(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")
    answer = await exchange.call(
        consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/people", "limit": 1}, purpose="talent-service"
    )
    assert answer.problem == "purpose-not-granted"


async def draft_for_other_purpose(exchange: Exchange, owner: Party, dataset: Any, source: Any) -> str:
    """Draft terms that would have refused each delivery for the purpose talent-service; the address of their effects."""
    document = {**dataset["document"], "terms": {**dataset["document"]["terms"], "purposes": ["statistics"]}}
    target = f"/api/v1/datasets/{dataset['id']}/draft"
    await exchange.call_ok(
        owner.steward, "PUT", target, {"source": source["id"], "handle": "people", "document": document}
    )
    return f"{target}/effects"


async def deliver(exchange: Exchange, consumer: Party, dataset: str) -> int:
    """Have a record delivered; the index of its entry."""
    question = {"dataset": dataset, "limit": 1}
    answer = await exchange.call(consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
    return int(answer.headers["exchange-entry"])


async def test_a_delivery_counts_however_many_entries_follow_it(exchange: Exchange, people_table: str) -> None:
    """20,000 entries about other things are no reason to forget a delivery."""
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(owner, source, "people")
    await exchange.conclude_agreement(consumer, owner, dataset)
    old = await deliver(exchange, consumer, "owner/people")
    runtime = exchange.runtime
    body = entries.RequestRefused(
        at=rfc3339(runtime.clock.now()), actor=entries.Actor(), method="GET", problem="key-unknown", route="/api/v1/me"
    )
    submissions = [store.Submission(body.canonical())] * 2_100
    async with runtime.database.pool.acquire() as connection:
        for _ in range(10):
            async with connection.transaction():
                await store.append(connection, submissions)
    new = await deliver(exchange, consumer, "owner/people")
    assert new - old > effects.MOST_ENTRIES
    target = await draft_for_other_purpose(exchange, owner, dataset, source)
    foreseen = await exchange.call_ok(owner.steward, "POST", target)
    assert [refusal["entry"] for refusal in foreseen["refused"]] == [old, new]
    assert (foreseen["looked_at"], foreseen["exact"], foreseen["since"]) == (2, 2, 0)


async def test_of_more_deliveries_than_are_compared_the_newest_are(
    exchange: Exchange, people_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    dataset, other = [await exchange.publish_dataset(owner, source, handle) for handle in ("people", "others")]
    for agreed in (dataset, other):
        await exchange.conclude_agreement(consumer, owner, agreed)
    indexes = [await deliver(exchange, consumer, f"owner/{name}") for name in ("people", "others") * 4]
    target = await draft_for_other_purpose(exchange, owner, dataset, source)
    monkeypatch.setattr(effects, "MOST_ENTRIES", 3)
    foreseen = await exchange.call_ok(owner.steward, "POST", target)
    assert [refusal["entry"] for refusal in foreseen["refused"]] == indexes[2::2]
    assert (foreseen["looked_at"], foreseen["since"]) == (3, indexes[2])
    monkeypatch.setattr(effects, "MOST_ENTRIES", 5)
    foreseen = await exchange.call_ok(owner.steward, "POST", target)
    assert [refusal["entry"] for refusal in foreseen["refused"]] == indexes[::2]
    assert (foreseen["looked_at"], foreseen["since"]) == (4, 0)
