"""The entry of an answer is written without its model, because every answer waits for it; here the two are held together."""

import pytest

from ledger import entries
from ledger.format import canonical, entry
from tests.support.exchanges.exchange import Exchange

_QUESTIONS = (
    {"limit": 1},
    {"limit": 2, "filters": [{"field": "person_id", "op": "in", "value": [3, 4, 5]}]},
    {"fields": ["city", "name"], "limit": 5},
    {"filters": [{"field": "person_id", "op": "eq", "value": 0}]},
)


async def test_the_entry_of_an_answer_is_the_one_its_model_prints(
    exchange: Exchange, people_table: str, subtests: pytest.Subtests
) -> None:
    owner, consumer = (
        await exchange.admit("civil-affairs"),
        await exchange.admit("platform", kind="institution", level="none"),
    )
    source = await exchange.register_table(owner, people_table, "people")
    masks = {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}
    dataset = await exchange.publish_dataset(owner, source, "people", terms={"masks": masks})
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)

    for question in _QUESTIONS:
        answer = await exchange.call(
            consumer.system,
            "POST",
            "/api/v1/deliveries",
            {"dataset": "civil-affairs/people", **question},
            purpose="talent-service",
        )
        with subtests.test(str(question)):
            assert answer.status == 200, answer.content.decode()
            async with exchange.runtime.database.pool.acquire() as connection:
                index = int(answer.headers["exchange-entry"])
                leaf = await connection.fetchval("SELECT leaf FROM ledger_entry WHERE seq = $1", index)
            written = entry.parse(leaf).body  # refuses what is not canonical
            model = entries.DeliveryCompleted.model_validate(written)
            assert model.canonical() == canonical.dumps(written)
            assert written["agreement"] == agreement["id"]
            assert written["actor"] == {
                "key": consumer.system.keyid,
                "organisation": consumer.id,
                "principal": consumer.system_id,
            }
            assert written["decision"]["outcome"] == "allow"
            assert written["object"] == {"id": dataset["id"], "kind": "dataset", "version": 1}
            assert written["result"]["rows"] == len(answer.json["rows"])
            assert written["result"]["bytes"] == len(answer.content)


async def test_the_fast_way_takes_both_forms_and_leaves_the_others_alone(exchange: Exchange) -> None:
    stranger = await exchange.admit("stranger")
    for method, target, document in (
        ("GET", "/api/v1/deliveries?dataset=no/such", None),
        ("POST", "/api/v1/deliveries", {"dataset": "no/such"}),
    ):
        answer = await exchange.call(stranger.system, method, target, document, purpose="talent-service")
        assert answer.problem == "not-found"
        assert (await exchange.read_entries())[int(answer.headers["exchange-entry"])]["type"] == "delivery.refused"
    assert (await exchange.send("DELETE", "/api/v1/deliveries", {})).problem == "method-not-allowed"
