"""The main job through the API: publish, apply, grant, fetch, be refused, suspend; every step on the ledger."""

from tests.support.world import World


async def test_a_consumer_gets_what_was_granted_and_nothing_more(world: World, people_table: str) -> None:
    owner = await world.party("civil-affairs")
    consumer = await world.party("platform", kind="institution", level="none")
    source = await world.table_source(owner, people_table, "people")
    dataset = await world.dataset(
        owner,
        source,
        "people",
        terms={
            "masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
            "row_filter": {"field": "city", "op": "eq", "value": "330110"},
        },
    )
    agreement = await world.agreement(consumer, owner, dataset, row_cap=500)

    answer = await world.call(
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
    entry = (await world.entries())[int(answer.headers["exchange-entry"])]
    assert entry["type"] == "delivery.completed"
    assert entry["agreement"] == agreement["id"]
    assert entry["result"]["rows"] == 3
