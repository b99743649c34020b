"""A new incarnation of the ledger and the people on the old one: their keys stay, and an erasure reaches what was sealed."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.kernel.embedded import Embedded
from exchange.kernel.settings import Settings
from ledger.anchor import Anchor
from tests.exchange.test_continuity import Copies, on
from tests.exchange.test_subjects import DATASET, staged
from tests.support.commands import typed
from tests.support.founded import founded, resumed
from tests.support.world import URL


@pytest.mark.parametrize("retention", [0, 1096])
async def test_an_erasure_reaches_what_was_sealed_before(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded: Embedded, retention: int
) -> None:
    copies = Copies(embedded)
    settings = Settings(
        data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=0.05, retention_days=retention
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
