"""A start checks that the key files are those of the founding before it serves."""

import asyncio
import stat
from pathlib import Path

import asyncpg
import pytest

from admin import database
from admin.terminal import CannotDo
from exchange.app import create_app
from exchange.kernel.database import arguments
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.keyring import KeysDiffer
from exchange.settings import Settings
from tests.support.exchanges.starting import start_exchange

KEYS = ("exchange.pem", "ledger.pem", "seal.key")


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
    """The steps are those of docs/operations/keys.md; the server's own role cannot take them."""
    forget = "DELETE FROM key_marks WHERE name = 'seal.key'"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(exchange, f"SET ROLE exchange_app; {forget}")
    await execute(exchange, forget)
    (exchange.data / "keys" / "seal.key").unlink()
    await start(exchange)
    content = (exchange.data / "keys" / "seal.key").read_bytes()
    await start(exchange)
    assert (exchange.data / "keys" / "seal.key").read_bytes() == content
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
