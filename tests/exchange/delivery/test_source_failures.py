"""A source is gone or no longer fits its dataset: the refusal tells the sender that the owner has to act."""

import asyncpg
import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import restart_exchange, start_exchange

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


async def test_an_altered_snapshot_is_refused_after_a_start_until_its_bytes_are_back(settings: Settings) -> None:
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        source = await exchange.register_file(owner, b"code,name\n1,a\n2,b\n")
        dataset = await exchange.publish_dataset(owner, source, "codes")
        await exchange.conclude_agreement(consumer, owner, dataset)
    [snapshot] = settings.data.rglob("*.parquet")
    content = snapshot.read_bytes()
    altered = bytearray(content)
    altered[len(content) // 2] ^= 1
    outcomes = []
    for now in (bytes(altered), content):
        snapshot.chmod(0o600)
        snapshot.write_bytes(now)
        async with restart_exchange(settings) as exchange:
            answer = await exchange.call(
                consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/codes"}, purpose="talent-service"
            )
            entry = (await exchange.read_entries())[int(answer.headers["exchange-entry"])]
            outcomes.append((answer.status, entry["type"], answer.json.get("code")))
    assert outcomes == [(502, "delivery.refused", "snapshot-altered"), (200, "delivery.completed", None)]
