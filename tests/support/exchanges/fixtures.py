"""Real parts for all tests: one PostgreSQL server and one migrated database for each test worker."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.migrations import commands
from exchange.settings import Settings
from tests.support.exchanges.exchange import URL, Exchange
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.services.tools import tool


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """A PostgreSQL server of this worker's own.

    It does not wait for the disk: what survives a machine that stops is tried on servers of those tests' own. Not below
    pytest's directory: another run's start closes that to the user whom the server runs as.
    """
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        server = Embedded(Path(directory))
        with pytest.MonkeyPatch.context() as environment:
            # Owners have their tables in databases of the same server, here as in processes that tests start.
            environment.setenv("EXCHANGE_SOURCE_HOSTS", f"{server.socket},localhost,127.0.0.1")
            asyncio.run(_hurry(server))
            yield server
        server.close()


async def _hurry(server: Embedded) -> None:
    connection = await asyncpg.connect(**arguments(server.url("postgres")))
    for setting in ("fsync", "full_page_writes"):
        await connection.execute(f"ALTER SYSTEM SET {setting} = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


@pytest.fixture(scope="session")
def database_url(embedded: Embedded) -> str:
    """The worker's database, migrated once."""
    asyncio.run(embedded.create("exchange_test"))
    url = embedded.url("exchange_test")
    commands.upgrade(url)
    return url


@pytest.fixture
async def empty_database(database_url: str) -> str:
    """The worker's database without a row."""
    await delete_rows(database_url)
    return database_url


@pytest.fixture
def settings(empty_database: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=0.1)


@pytest.fixture
async def exchange(settings: Settings) -> AsyncIterator[Exchange]:
    """A founded exchange, called in the process."""
    async with start_exchange(settings) as exchange:
        yield exchange


@pytest.fixture(scope="session")
async def people_table(embedded: Embedded) -> str:
    """The DSN of an owner's own database, with a table `people` of 1,000 made-up rows that a read-only login may read."""
    await embedded.create("owner")
    connection = await asyncpg.connect(**arguments(embedded.url("owner")))
    await connection.execute(
        "DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "CREATE TABLE IF NOT EXISTS people (person_id integer PRIMARY KEY, name text NOT NULL, city text, born date);"
        "INSERT INTO people SELECT i, '人' || i, CASE i % 4 WHEN 0 THEN NULL ELSE '3301' || (i % 4)::text || '0' END, "
        "date '1970-01-01' + i FROM generate_series(1, 1000) i ON CONFLICT DO NOTHING;"
        "GRANT SELECT ON people TO reader"
    )
    await connection.close()
    return embedded.url("owner").replace("postgres:@", "reader@")


@pytest.fixture(scope="session")
def opa() -> str:
    """The OPA binary: the one named by the variable OPA, or build/tools/opa."""
    return tool("opa")
