"""A new incarnation of the ledger and the people on the old one: their keys stay, and an erasure reaches what was sealed."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from ledger.log.anchor import Anchor
from tests.exchange.publication.test_continuity import Copies, on
from tests.exchange.subjects.test_subjects import DATASET, staged
from tests.support.commands import typed
from tests.support.founded import founded, resumed
from tests.support.world import URL, Key


async def test_what_was_on_the_ledger_before_is_found_and_what_comes_has_its_owners(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded: Embedded
) -> None:
    settings = Settings(data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=600)
    async with founded(settings) as world:
        stage = await staged(world, empty_database)
        refused = await world.apply(stage.consumer, stage.dataset)
        await stage.about("P00001")
        before = await world.entries()
        stranger = await world.party("stranger")
        size = len(await world.entries())
    Anchor(settings.anchor, settings.origin()).close(settings.origin(2))
    url = await Copies(embedded).copy("live", "moved")
    settings = on(settings, url)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    done = await asyncio.to_thread(typed, "ledger", "new-incarnation", "--yes", "--data", tmp_path)
    assert done.status == 0, done.err
    async with resumed(settings) as world:
        owner, auditor = stage.owner.steward, world.keys["auditor"]

        async def found(key: Key, query: str) -> list[int]:
            page = await world.done(key, "GET", f"/api/v1/audit/entries?{query}")
            assert page["size"] == (size if page["incarnation"] == 1 else len(await world.entries()) - 1)
            return [entry["index"] for entry in page["entries"]]

        # Nothing of the old ledger had been indexed, and nobody can write there any more.
        deliveries = [index for index, body in enumerate(before) if body["type"] == "delivery.completed"]
        assert await found(owner, "incarnation=1&type=delivery.completed") == deliveries
        assert len(await found(auditor, "incarnation=1&limit=1000")) == size
        assert await found(stranger.steward, "incarnation=1&type=delivery.*") == []
        assert (await world.entries())[-1]["type"] == "audit.read"
        unknown = await world.call(owner, "GET", "/api/v1/audit/entries?incarnation=3")
        assert unknown.problem == "not-found"

        # A new delivery on an old agreement, and a decision on an old application, are the owner's and the consumer's.
        stage = replace(stage, world=world, url=url)
        await stage.about("P00001")
        delivered = len(await world.entries()) - 1
        await world.done(owner, "POST", f"/api/v1/applications/{refused['id']}/refusal", {"reasons": "不符"})
        turned_down = len(await world.entries()) - 1
        assert await found(owner, "type=delivery.completed") == [delivered]
        assert await found(stage.consumer.steward, "type=application.*") == [turned_down]
        assert await found(stranger.steward, f"dataset={stage.dataset['id']}") == []

        # Decisions are made again, wherever they stand.
        target = f"/api/v1/audit/entries/{deliveries[0]}/replay?incarnation=1"
        assert (await world.done(owner, "GET", target))["verdict"] == "agrees"
        assert (await world.entries())[-1]["object"] == {"id": f"1/{deliveries[0]}", "kind": "entry"}
        assert (await world.call(stranger.steward, "GET", target)).problem == "not-found"
    for words, status in ((("--all", "--incarnation", "1"), 0), (("--all",), 0), (("--all", "--incarnation", "3"), 1)):
        ran = await asyncio.to_thread(typed, "audit", "replay", *words, "--data", tmp_path)
        assert ran.status == status, ran.out + ran.err


@pytest.mark.parametrize("retention", [0, 1096])
async def test_an_erasure_reaches_what_was_sealed_before(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded: Embedded, retention: int
) -> None:
    copies = Copies(embedded)
    settings = Settings(
        data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=0.1, retention_days=retention
    )
    async with founded(settings) as world:
        stage = await staged(world, empty_database)
        before = await stage.about("P00001")
    Anchor(settings.anchor, settings.origin()).close(settings.origin(2))
    url = await copies.copy("live", "moved")
    settings = on(settings, url)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    done = await asyncio.to_thread(typed, "ledger", "new-incarnation", "--yes", "--data", tmp_path)
    assert done.status == 0, done.err
    async with resumed(settings) as world:
        stage = replace(stage, world=world, url=url)
        assert len(await stage.sql("SELECT FROM ledger_1.ledger_sealed")) == 1
        assert await stage.sql("SELECT FROM ledger_sealed") == []
        if retention:
            assert (await stage.erase(dataset=DATASET, value="P00001")).status == 409
            assert len(await stage.sql("SELECT FROM ledger_1.ledger_sealed")) == 1
            return
        found = await world.call(world.keys["auditor"], "GET", "/api/v1/audit/entries?type=ledger.*")
        assert [entry["body"]["type"] for entry in found.json["entries"]] == ["ledger.incarnated"]
        after = await stage.about("P00001")
        assert after["subjects"] == before["subjects"]
        erased = await stage.erase(dataset=DATASET, value="P00001")
        assert (erased.status, erased.json["details"]) == (200, 2)
        assert await stage.sql("SELECT FROM ledger_1.ledger_sealed") == []
