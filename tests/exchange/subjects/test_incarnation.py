"""A new incarnation of the ledger and the people on the old one: their keys stay, and an erasure reaches what was sealed."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from ledger.log.anchor import Anchor
from tests.support.exchanges.continuity import DatabaseCopies, with_database
from tests.support.exchanges.exchange import URL, Key
from tests.support.exchanges.people import DATASET, publish_people
from tests.support.exchanges.starting import restart_exchange, start_exchange
from tests.support.processes.commands import run_in_process


async def test_what_was_on_the_ledger_before_is_found_and_what_comes_has_its_owners(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded: Embedded
) -> None:
    settings = Settings(data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=600)
    async with start_exchange(settings) as exchange:
        people_exchange = await publish_people(exchange, empty_database)
        refused = await exchange.apply(people_exchange.consumer, people_exchange.dataset)
        await people_exchange.fetch_about("P00001")
        before = await exchange.read_entries()
        stranger = await exchange.admit("stranger")
        size = len(await exchange.read_entries())
    Anchor(settings.anchor, settings.origin()).close(settings.origin(2))
    url = await DatabaseCopies(embedded).copy("live", "moved")
    settings = with_database(settings, url)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    result = await asyncio.to_thread(run_in_process, "ledger", "new-incarnation", "--yes", "--data", tmp_path)
    assert result.status == 0, result.err
    async with restart_exchange(settings) as exchange:
        owner, auditor = people_exchange.owner.steward, exchange.keys["auditor"]

        async def find(key: Key, query: str) -> list[int]:
            page = await exchange.call_ok(key, "GET", f"/api/v1/audit/entries?{query}")
            assert page["size"] == (size if page["incarnation"] == 1 else len(await exchange.read_entries()) - 1)
            return [entry["index"] for entry in page["entries"]]

        # The old ledger was not indexed yet, and nobody can write to it any more.
        deliveries = [index for index, body in enumerate(before) if body["type"] == "delivery.completed"]
        assert await find(owner, "incarnation=1&type=delivery.completed") == deliveries
        assert len(await find(auditor, "incarnation=1&limit=1000")) == size
        assert await find(stranger.steward, "incarnation=1&type=delivery.*") == []
        assert (await exchange.read_entries())[-1]["type"] == "audit.read"
        unknown = await exchange.call(owner, "GET", "/api/v1/audit/entries?incarnation=3")
        assert unknown.problem == "not-found"

        # A new delivery on an old agreement, and a decision on an old application, are the owner's and the consumer's.
        people_exchange = replace(people_exchange, app=exchange.app, client=exchange.client, database_url=url)
        await people_exchange.fetch_about("P00001")
        delivered = len(await exchange.read_entries()) - 1
        await exchange.call_ok(owner, "POST", f"/api/v1/applications/{refused['id']}/refusal", {"reasons": "不符"})
        turned_down = len(await exchange.read_entries()) - 1
        assert await find(owner, "type=delivery.completed") == [delivered]
        assert await find(people_exchange.consumer.steward, "type=application.*") == [turned_down]
        assert await find(stranger.steward, f"dataset={people_exchange.dataset['id']}") == []

        # Decisions are made again, wherever they stand.
        target = f"/api/v1/audit/entries/{deliveries[0]}/replay?incarnation=1"
        assert (await exchange.call_ok(owner, "GET", target))["verdict"] == "agrees"
        assert (await exchange.read_entries())[-1]["object"] == {"id": f"1/{deliveries[0]}", "kind": "entry"}
        assert (await exchange.call(stranger.steward, "GET", target)).problem == "not-found"
    for words, status in ((("--all", "--incarnation", "1"), 0), (("--all",), 0), (("--all", "--incarnation", "3"), 1)):
        ran = await asyncio.to_thread(run_in_process, "audit", "replay", *words, "--data", tmp_path)
        assert ran.status == status, ran.out + ran.err


@pytest.mark.parametrize("retention", [0, 1096])
async def test_an_erasure_reaches_what_was_sealed_before(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded: Embedded, retention: int
) -> None:
    copies = DatabaseCopies(embedded)
    settings = Settings(
        data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=0.1, retention_days=retention
    )
    async with start_exchange(settings) as exchange:
        people_exchange = await publish_people(exchange, empty_database)
        before = await people_exchange.fetch_about("P00001")
    Anchor(settings.anchor, settings.origin()).close(settings.origin(2))
    url = await copies.copy("live", "moved")
    settings = with_database(settings, url)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    result = await asyncio.to_thread(run_in_process, "ledger", "new-incarnation", "--yes", "--data", tmp_path)
    assert result.status == 0, result.err
    async with restart_exchange(settings) as exchange:
        people_exchange = replace(people_exchange, app=exchange.app, client=exchange.client, database_url=url)
        assert len(await people_exchange.run_sql("SELECT FROM ledger_1.ledger_sealed")) == 1
        assert await people_exchange.run_sql("SELECT FROM ledger_sealed") == []
        if retention:
            assert (await people_exchange.erase(dataset=DATASET, value="P00001")).status == 409
            assert len(await people_exchange.run_sql("SELECT FROM ledger_1.ledger_sealed")) == 1
            return
        answer = await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries?type=ledger.*")
        assert [entry["body"]["type"] for entry in answer.json["entries"]] == ["ledger.incarnated"]
        after = await people_exchange.fetch_about("P00001")
        assert after["subjects"] == before["subjects"]
        erased = await people_exchange.erase(dataset=DATASET, value="P00001")
        assert (erased.status, erased.json["details"]) == (200, 2)
        assert await people_exchange.run_sql("SELECT FROM ledger_1.ledger_sealed") == []
