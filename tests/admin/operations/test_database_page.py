"""docs/operations/database.md: the two database logins it describes are enough to migrate and to serve, and no more."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from admin import database
from admin.server.reaching import free_port
from admin.terminal import CannotDo
from exchange.app import create_app
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import run as run_command
from tests.support.processes.pages import blocks_of, run_script
from tests.support.services.postgres import Postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    """A PostgreSQL server without any role of ours, as an operator finds it."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        embedded = Embedded(Path(directory))
        yield embedded
        embedded.close()


async def run(url: str, statements: str) -> None:
    connection = await asyncpg.connect(**arguments(url))
    for statement in filter(str.strip, statements.split(";")):
        await connection.execute(statement)
    await connection.close()


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A server over TCP that demands nothing of whom it knows, as its administrator starts it."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        Path(directory).chmod(0o755)  # the server has a user of its own
        server = Postgres(Path(directory) / "server", database="postgres")
        server.start()
        yield server
        server.stop()


@pytest.mark.endurance
def test_the_page_s_commands_found_and_serve_an_exchange(postgres: Postgres, tmp_path: Path) -> None:
    sql, shell = blocks_of("database.md", "A server of your own")
    asyncio.run(run(postgres.url, sql.text))
    script = (
        shell.text
        + "exchange health\nexchange join science --code 12330000MB0000002L --name-zh 市科技局 --name-en Science\n"
    )
    place = f"@127.0.0.1:{postgres.port}/"
    printed = run_script(script, tmp_path, replace={"@db.internal/": place}, SERVE_PORT=str(free_port()))
    assert "The exchange is founded in exchange-data." in printed
    assert "answers at http://localhost:" in printed
    assert "市科技局 (Science) is admitted." in printed
    # A later shell has no variables: the settings file names the secrets.
    later = run_script(
        "exchange settings\nexchange database upgrade\n", tmp_path, replace={}, SERVE_PORT=str(free_port())
    )
    assert "exchange.toml" in later
    assert "the database is at revision" in later


@pytest.mark.endurance
def test_a_login_that_lacks_a_right_is_told_which_and_what_to_do(postgres: Postgres, tmp_path: Path) -> None:
    [sql, _] = blocks_of("database.md", "A server of your own")
    asyncio.run(run(postgres.url, sql.text))
    server = f"postgresql://exchange_server:server-password@127.0.0.1:{postgres.port}/exchange"
    alone = run_command("init", "--data", tmp_path / "data", "--code", code(), EXCHANGE_DATABASE_URL=server)
    assert alone.status == 1
    assert "the login exchange_server may not make the exchange's tables: permission denied" in alone.err
    assert "EXCHANGE_OWNER_DATABASE_URL" in alone.err


async def test_two_logins_migrate_and_serve(server: Embedded, tmp_path: Path) -> None:
    [sql, _] = blocks_of("database.md", "A server of your own")
    await run(server.url("postgres"), sql.text)
    owner, login = (
        server.url("exchange").replace("postgres:@", f"{name}@") for name in ("exchange_owner", "exchange_server")
    )
    settings = Settings(data=tmp_path, database_url=login, owner_database_url=owner)
    with pytest.raises(CannotDo, match="the database is at revision None"):
        await asyncio.to_thread(database.require_ready, settings, login, vkey="")
    before, _ = await asyncio.to_thread(database.upgrade, settings, login)
    assert before is None
    repeated, now = await asyncio.to_thread(database.upgrade, settings, login)
    assert repeated == now
    app = create_app(settings)
    async with app.router.lifespan_context(app), app.state.runtime.database.pool.acquire() as connection:
        assert await connection.fetchval("SELECT current_user") == "exchange_app"
        for statement in (
            "UPDATE ledger_entry SET leaf = ''",
            "DELETE FROM ledger_entry",
            "TRUNCATE ledger_entry",
            "DELETE FROM ledger_checkpoint",
            "UPDATE dataset_versions SET digest = ''",
            "UPDATE agreements SET row_cap = 1",
            "DELETE FROM organisations",
            "DROP TABLE ledger_entry",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
