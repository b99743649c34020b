"""Fixtures for all tests: a PostgreSQL server and a migrated database for each test worker, and an exchange on it."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from tests.support.exchanges.exchange import URL, Exchange
from tests.support.exchanges.filled import found, start_filled
from tests.support.exchanges.portal import CALLBACK
from tests.support.exchanges.starting import delete_rows
from tests.support.services.cluster import DATABASE, OWNER, copy_cluster
from tests.support.services.identity_provider import run_provider
from tests.support.services.tools import tool


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """A PostgreSQL server of this worker's own, on a copy of the tests' cluster.

    Its directory is not below pytest's: another run's start closes that to the user whom the server runs as.
    """
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        copy_cluster(Path(directory) / "postgres")
        server = Embedded(Path(directory))
        with pytest.MonkeyPatch.context() as environment:
            # Owners have their tables in databases of the same server, also for processes that tests start.
            environment.setenv("EXCHANGE_SOURCE_HOSTS", f"{server.socket},localhost,127.0.0.1")
            yield server
        server.close()


@pytest.fixture(scope="session")
def database_url(embedded: Embedded) -> str:
    """The worker's migrated database."""
    return embedded.url(DATABASE)


@pytest.fixture
async def empty_database(database_url: str) -> str:
    """The worker's database, without rows."""
    await delete_rows(database_url)
    return database_url


@pytest.fixture
def settings(empty_database: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, database_url=empty_database, public_url=URL, checkpoint_interval=0.1)


@pytest.fixture
async def exchange(settings: Settings) -> AsyncIterator[Exchange]:
    """A founded exchange, called in this process."""
    async with start_filled(settings, found) as exchange:
        yield exchange


@pytest.fixture(scope="session")
def people_table(embedded: Embedded) -> str:
    """The DSN of an owner's own database, whose table `people` a read-only login may read."""
    return embedded.url(OWNER).replace("postgres:@", "reader@")


@pytest.fixture(scope="session")
def opa() -> str:
    """The OPA binary: the one named by the variable OPA, or build/tools/opa."""
    return tool("opa")


@pytest.fixture(scope="session")
def identity_provider() -> Iterator[str]:
    """The issuer of an identity provider at which people sign in to portals."""
    with run_provider(f"{URL}{CALLBACK}") as issuer:
        yield issuer
