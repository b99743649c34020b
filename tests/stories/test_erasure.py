"""A person is erased from an exchange that is being used and audited: never half, and every proof stays."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from admin import database
from admin.server.reaching import free_port
from admin.terminal import CannotDo
from exchange.app import create_app
from exchange.kernel.keys.slots import Slots, SlotsMissing
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from ledger.format import tiles
from ledger.verification.mirror import export
from tests.support.exchanges.people import DATASET, check_erasures_are_whole, publish_people
from tests.support.exchanges.starting import start_exchange
from tests.support.processes.commands import run_ledger
from tests.support.processes.server import serve_exchange, settings_on

pytestmark = pytest.mark.endurance

_PEOPLE, _TURNS = 3, 20


@pytest.fixture
def unretained(settings: Settings) -> Settings:
    return settings.model_copy(update={"retention_days": 0})


async def test_no_start_without_the_secrets(unretained: Settings, empty_database: str) -> None:
    async with start_exchange(unretained) as exchange:
        people_exchange = await publish_people(exchange, empty_database)
        await people_exchange.fetch_about("P00001")
        vkey = exchange.runtime[Publisher].vkey
    for path in unretained.slots.iterdir():
        path.rename(path.with_suffix(".away"))
    app = create_app(unretained)
    with pytest.raises(SlotsMissing, match="put it back"):
        async with app.router.lifespan_context(app):
            pass
    with pytest.raises(CannotDo, match="put it back"):
        await asyncio.to_thread(database.require_ready, unretained, people_exchange.database_url, vkey=vkey)


async def test_an_old_copy_of_the_secrets_is_destroyed_again(unretained: Settings, empty_database: str) -> None:
    async with start_exchange(unretained) as exchange:
        people_exchange = await publish_people(exchange, empty_database)
        await people_exchange.fetch_about("P00001")
        copies = {path: path.read_bytes() for path in unretained.slots.iterdir()}
        assert (await people_exchange.erase(dataset=DATASET, value="P00001")).json["outcome"] == "executed"
        [erasure] = await people_exchange.run_sql("SELECT slot FROM subject_erasures")
    for path, content in copies.items():
        assert path.stat().st_mode & 0o777 == 0o600
        path.write_bytes(content)
    app = create_app(unretained)
    async with app.router.lifespan_context(app):
        assert app.state.runtime[Slots].read(erasure["slot"]) is None


def entries_of(directory: Path) -> list[bytes]:
    """All entries of an export, in order."""
    leaves: list[bytes] = []
    size = int((directory / "checkpoint").read_text(encoding="utf-8").splitlines()[1])
    for start in range(0, size, tiles.WIDTH):
        count = min(size, start + tiles.WIDTH) - start
        leaves += tiles.unpack((directory / tiles.entries_path(start // tiles.WIDTH, count)).read_bytes())
    return leaves


async def test_erased_while_several_processes_deliver(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process remembers keys; none of them names anybody under one that another process has destroyed."""
    monkeypatch.setenv("EXCHANGE_RETENTION_DAYS", "0")
    settings = settings_on(free_port(), database_url=empty_database, data=tmp_path)
    async with start_exchange(settings) as exchange:
        people_exchange = await publish_people(exchange, empty_database)
        with serve_exchange(settings, workers=2):
            async with httpx2.AsyncClient(base_url=settings.public_url, timeout=30) as client:
                people_exchange = replace(people_exchange, client=client)

                async def deliver(number: int) -> None:
                    for turn in range(_TURNS):
                        value = f"P0000{(number + turn) % _PEOPLE + 1}"
                        while (
                            await people_exchange.fetch({"field": "person_id", "op": "eq", "value": value})
                        ).status != 200:
                            pass  # a request that loses to changes five times is refused, with the advice to repeat it

                async def erase() -> None:
                    for turn in range(_TURNS):
                        answer = await people_exchange.erase(dataset=DATASET, value=f"P0000{turn % _PEOPLE + 1}")
                        assert answer.status == 200, answer.content

                await asyncio.gather(*(deliver(number) for number in range(6)), erase(), erase())
                entries = await check_erasures_are_whole(people_exchange)
    kinds = [entry["type"] for entry in entries]
    assert kinds.count("delivery.completed") == 6 * _TURNS
    assert kinds.count("erasure.executed") > _PEOPLE


def naming(directory: Path, value: bytes) -> list[Path]:
    """The files that hold a value, but for the snapshots of the data itself."""
    files = [path for path in directory.rglob("*") if path.is_file() and "snapshots" not in path.parts]
    assert len(files) > 20
    return [path for path in files if value in path.read_bytes()]


async def test_proofs_and_exports_stand(empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_RETENTION_DAYS", "0")
    data = tmp_path / "data"
    data.mkdir()
    settings = settings_on(free_port(), database_url=empty_database, data=data)
    async with start_exchange(settings) as exchange:
        people_exchange = await publish_people(exchange, empty_database)
        await people_exchange.fetch_about("P00001")
        await people_exchange.fetch_about("P00002")
        index = len(await exchange.read_entries()) - 2

        with serve_exchange(settings):

            async def exported(name: str, covering: int) -> Path:
                target = f"{settings.public_url}/ledger/receipts/{covering}"
                async with httpx2.AsyncClient() as http:
                    receipt = await http.get(target, headers={"prefer": "wait=20"}, timeout=30)
                assert receipt.status_code == 200
                await asyncio.to_thread(export, settings.public_url, tmp_path / name)
                return tmp_path / name

            before = await exported("before", index)
            answer = await people_exchange.erase(dataset=DATASET, value="P00001")
            assert answer.json["outcome"] == "executed"
            after = await exported("after", answer.json["entry"])
            old = entries_of(before)
            known = tmp_path / "known.checkpoint"
            known.write_bytes((before / "checkpoint").read_bytes())
            await exported("before", answer.json["entry"])  # a server that did not continue it would be refused
    new = entries_of(after)
    assert new[: len(old)] == old
    assert json.loads(new[answer.json["entry"]])["body"]["type"] == "erasure.executed"
    assert naming(tmp_path, b"P00001") == [], "neither in an export, nor in the log, nor in a key file"
    for directory in (before, after):
        verified = await asyncio.to_thread(run_ledger, "verify", directory, "--known", known)
        assert verified.status == 0, verified.out + verified.err
