"""The main job through the API: publish, apply, grant, fetch, be refused, suspend; every step on the ledger."""

from tests.support.exchanges.exchange import Exchange


async def test_a_consumer_gets_what_was_granted_and_nothing_more(exchange: Exchange, people_table: str) -> None:
    owner = await exchange.admit("civil-affairs")
    consumer = await exchange.admit("platform", kind="institution", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(
        owner,
        source,
        "people",
        terms={
            "masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
            "row_filter": {"field": "city", "op": "eq", "value": "330110"},
        },
    )
    agreement = await exchange.conclude_agreement(consumer, owner, dataset, row_cap=500)

    answer = await exchange.call(
        consumer.system,
        "POST",
        "/api/v1/deliveries",
        {"dataset": "civil-affairs/people", "limit": 3},
        purpose="talent-service",
    )

    assert answer.status == 200, answer.content.decode()
    page = answer.json
    assert [row["person_id"] for row in page["rows"]] == [1, 5, 9]
    assert {row["name"][0] for row in page["rows"]} == {"人"}
    assert all(set(row["name"][1:]) == {"*"} for row in page["rows"])
    assert page["agreement"] == agreement["id"]
    entry = (await exchange.read_entries())[int(answer.headers["exchange-entry"])]
    assert entry["type"] == "delivery.completed"
    assert entry["agreement"] == agreement["id"]
    assert entry["result"]["rows"] == 3
