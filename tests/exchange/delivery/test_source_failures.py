"""A source is gone or no longer fits its dataset: the refusal tells the sender that the owner has to act."""

import asyncpg
import pytest

from tests.support.exchanges.exchange import Exchange

ACCEPTED = ("application/json", "text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream")


@pytest.mark.parametrize("accept", ACCEPTED)
async def test_a_column_that_is_gone_is_the_owners_to_mend(exchange: Exchange, people_table: str, accept: str) -> None:
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(owner, source, "people")
    await exchange.conclude_agreement(consumer, owner, dataset)
    connection = await asyncpg.connect(people_table.replace("reader@", "postgres:@"))
    try:
        await connection.execute("ALTER TABLE people RENAME COLUMN city TO town")
        answer = await exchange.call(
            consumer.system,
            "POST",
            "/api/v1/deliveries",
            {"dataset": "owner/people"},
            purpose="talent-service",
            accept=accept,
        )
    finally:
        await connection.execute("ALTER TABLE people RENAME COLUMN town TO city")
        await connection.close()
    assert (answer.status, answer.problem) == (502, "source-failed"), answer.content.decode()
    assert answer.json["code"] == "source-changed"
    assert "city" in answer.json["detail"]
    assert "owner" in answer.json["detail"]
    entry = (await exchange.read_entries())[int(answer.headers["exchange-entry"])]
    assert (entry["type"], entry["problem"]) == ("delivery.refused", "source-failed")


async def test_a_snapshot_that_is_gone_is_the_operators_to_mend(exchange: Exchange) -> None:
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_file(owner, b"code,name\n1,a\n2,b\n")
    dataset = await exchange.publish_dataset(owner, source, "codes")
    await exchange.conclude_agreement(consumer, owner, dataset)
    for path in exchange.runtime.settings.data.rglob("*.parquet"):
        path.unlink()
    answer = await exchange.call(
        consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/codes"}, purpose="talent-service"
    )
    assert (answer.status, answer.problem, answer.json["code"]) == (502, "source-failed", "snapshot-missing")
