"""What a start looks at before it serves: the key files it was founded with, and what killed processes left behind."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from admin import database
from admin.terminal import CannotDo
from exchange.app import create_app
from exchange.kernel.database import arguments
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.keyring import KeysDiffer
from exchange.settings import Settings
from exchange.sources import storage
from exchange.sources.readers import Readers
from tests.support.exchanges.exchange import Exchange, Party
from tests.support.exchanges.starting import delete_rows, start_exchange

KEYS = ("exchange.pem", "ledger.pem", "seal.key")
ROWS = b"person_id,name\nP1,x\nP2,y\n"


@pytest.fixture
async def exchange(settings: Settings) -> Settings:
    """The settings of an exchange that was founded and is not running."""
    async with start_exchange(settings):
        pass
    return settings


async def start(settings: Settings) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        pass


async def execute(settings: Settings, statement: str) -> None:
    assert settings.database_url is not None
    connection = await asyncpg.connect(**arguments(settings.database_url.get_secret_value()))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("name", KEYS)
async def test_a_lost_key_stops_the_start(exchange: Settings, name: str) -> None:
    await start(exchange)
    (exchange.data / "keys" / name).unlink()
    with pytest.raises(KeysDiffer, match=f"keys/{name} .*not there"):
        await start(exchange)
    assert not (exchange.data / "keys" / name).exists()


@pytest.mark.parametrize("name", KEYS)
async def test_another_key_stops_the_start(exchange: Settings, tmp_path: Path, name: str) -> None:
    elsewhere = exchange.model_copy(update={"data": tmp_path / "new-machine"})
    with pytest.raises(KeysDiffer):
        await start(elsewhere)
    assert not list((tmp_path / "new-machine").rglob("*.*"))
    file, other = exchange.data / "keys" / name, b"k" * 32
    if name.endswith(".pem"):
        other = (exchange.data / "keys" / ("ledger.pem" if name == "exchange.pem" else "exchange.pem")).read_bytes()
    file.write_bytes(other)
    with pytest.raises(KeysDiffer, match=f"keys/{name} is not the key"):
        await start(exchange)


async def test_a_damaged_key_stops_the_start(exchange: Settings) -> None:
    for name in KEYS:
        file = exchange.data / "keys" / name
        whole = file.read_bytes()
        file.write_bytes(whole[:16])
        with pytest.raises(KeyFileInvalid, match=name):
            await start(exchange)
        file.write_bytes(whole)
    await start(exchange)


async def test_the_command_says_it_in_a_sentence(exchange: Settings) -> None:
    assert exchange.database_url is not None
    url = exchange.database_url.get_secret_value()
    standing = await database.state_of(url)
    assert standing.vkey is not None
    await asyncio.to_thread(database.require_ready, exchange, url, vkey=standing.vkey)
    (exchange.data / "keys" / "seal.key").write_bytes(b"k" * 32)
    with pytest.raises(CannotDo, match="is not the key"):
        await asyncio.to_thread(database.require_ready, exchange, url, vkey=standing.vkey)


async def test_the_owner_of_the_tables_can_let_a_key_be_replaced(exchange: Settings) -> None:
    """As docs/operations/keys.md says; the server's own role cannot."""
    forget = "DELETE FROM key_marks WHERE name = 'seal.key'"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(exchange, f"SET ROLE exchange_app; {forget}")
    await execute(exchange, forget)
    (exchange.data / "keys" / "seal.key").unlink()
    await start(exchange)
    made = (exchange.data / "keys" / "seal.key").read_bytes()
    await start(exchange)
    assert (exchange.data / "keys" / "seal.key").read_bytes() == made
    (exchange.data / "keys" / "seal.key").unlink()
    with pytest.raises(KeysDiffer):
        await start(exchange)


async def test_a_founding_that_was_broken_off_can_begin_elsewhere(settings: Settings, tmp_path: Path) -> None:
    await start(settings)
    async with start_exchange(settings.model_copy(update={"data": tmp_path / "elsewhere"})) as exchange:
        assert [entry["type"] for entry in await exchange.read_entries()][:1] == ["exchange.initialised"]


async def test_keys_are_for_their_owner_only(settings: Settings) -> None:
    await start(settings)
    assert mode(settings.data / "keys") == 0o700
    assert {mode(path) for path in (settings.data / "keys").iterdir()} == {0o600}


@asynccontextmanager
async def with_owner(settings: Settings) -> AsyncIterator[tuple[Exchange, Party]]:
    async with start_exchange(settings) as exchange:
        yield exchange, await exchange.admit("owner")


def snapshots(settings: Settings) -> set[str]:
    return {path.name for path in (settings.data / "snapshots").iterdir()}


def age(settings: Settings) -> None:
    for path in (settings.data / "snapshots").iterdir():
        then = path.stat().st_mtime - storage.SETTLED.total_seconds() - 60
        os.utime(path, (then, then))


async def test_an_upload_is_readable_by_the_exchange_alone_and_leaves_nothing(settings: Settings) -> None:
    seen: list[tuple[int, int, int]] = []
    async with with_owner(settings) as (exchange, owner):
        readers = exchange.app.state.runtime[Readers]
        reading = readers.import_file

        async def look(path: Path, options: Any) -> Any:
            seen.append((mode(path), mode(path.parent), mode(path.parent.parent)))
            return await reading(path, options)

        readers.import_file = look
        source = await exchange.register_file(owner, ROWS)
        target = f"/api/v1/sources/{source['id']}/content?filename=x.csv"
        broken = await exchange.call(owner.steward, "PUT", target, b"%PDF-1.7 nothing")
        assert broken.problem == "source-unusable"
        assert snapshots(settings) == {f"{source['description']['digest']}.parquet"}
        assert mode(settings.data / "snapshots" / f"{source['description']['digest']}.parquet") == 0o600
    assert seen == [(0o600, 0o700, 0o700)] * 2
    assert mode(settings.data / "snapshots") == 0o700
    assert not list((settings.data / "uploads").iterdir())


async def test_a_start_clears_what_the_killed_left_and_nothing_that_is_in_use(exchange: Settings) -> None:
    uploads = exchange.data / "uploads"
    (uploads / "killed").mkdir(parents=True)
    (uploads / "killed" / "content.csv").write_bytes(ROWS)
    (uploads / "stray.csv").write_bytes(ROWS)
    with storage.receiving(uploads) as place:
        with storage.new_file(place / "content.csv") as file:
            file.write(ROWS)
        await start(exchange)
        assert list(uploads.iterdir()) == [place]
        assert (place / "content.csv").read_bytes() == ROWS
    assert not list(uploads.iterdir())


async def test_snapshots_that_nothing_refers_to_go_at_a_start(settings: Settings) -> None:
    async with with_owner(settings) as (exchange, owner):
        kept = await exchange.register_file(owner, ROWS)
        replaced = await exchange.register_file(owner, b"person_id\nP3\n")
        target = f"/api/v1/sources/{replaced['id']}/content?filename=x.csv"
        renewed = await exchange.call_ok(owner.steward, "PUT", target, b"person_id\nP4\n")
        withdrawn = await exchange.register_file(owner, b"person_id\nP5\n")
        await exchange.call_ok(owner.steward, "POST", f"/api/v1/sources/{withdrawn['id']}/withdrawal")
    left = {f"{one['description']['digest']}.parquet" for one in (kept, renewed)}
    gone = {f"{one['description']['digest']}.parquet" for one in (replaced, withdrawn)}
    other = settings.data / "snapshots" / "notes.txt"
    other.write_text("not a snapshot")
    await start(settings)
    assert snapshots(settings) == left | gone | {other.name}  # an import might be about to be committed
    age(settings)
    await start(settings)
    assert snapshots(settings) == left | {other.name}


async def test_a_start_on_another_exchanges_files_removes_none(settings: Settings) -> None:
    async with with_owner(settings) as (exchange, owner):
        await exchange.register_file(owner, ROWS)
    await execute(settings, "UPDATE sources SET state = 'withdrawn'")
    age(settings)
    (settings.data / "keys" / "seal.key").write_bytes(b"k" * 32)
    before = snapshots(settings)
    with pytest.raises(KeysDiffer):
        await start(settings)
    assert settings.database_url is not None
    await delete_rows(settings.database_url.get_secret_value())
    await start(settings)
    assert snapshots(settings) == before
