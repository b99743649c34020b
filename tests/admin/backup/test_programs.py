"""A dump is restored whole or not at all, on every version of PostgreSQL that an exchange runs on, by a login that may."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin import database
from admin.backup import programs, taking
from admin.terminal import CannotDo
from tests.support.services.postgres import Postgres

pytestmark = pytest.mark.endurance


@pytest.fixture(scope="module")
def server(worker_directory: Path) -> Iterator[Postgres]:
    worker_directory.chmod(0o755)  # the database has a user of its own
    server = Postgres(worker_directory / "programs")
    server.prepare()
    execute(
        server.url, "CREATE DATABASE other", "CREATE DATABASE third", "ALTER DATABASE other SET log_statement = 'all'"
    )
    yield server
    server.stop()


def execute(url: str, *statements: str) -> None:
    async def execute_all() -> None:
        async with database.connected(url) as connection:
            for statement in statements:
                await connection.execute(statement)

    asyncio.run(execute_all())


def count(url: str) -> int:
    async def fetch() -> int:
        async with database.connected(url) as connection:
            return int(await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))

    return asyncio.run(fetch())


def dump(url: str, file: Path) -> None:
    async def dump_at() -> None:
        async with database.connected(url) as connection, connection.transaction(isolation="repeatable_read"):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            await asyncio.to_thread(programs.dump, url, file, snapshot=snapshot)

    asyncio.run(dump_at())


def test_a_restore_sets_nothing_that_an_older_server_does_not_know(server: Postgres, tmp_path: Path) -> None:
    dump(server.url, tmp_path / "dump")
    programs.restore(server.url_of("other"), tmp_path / "dump")
    assert count(server.url_of("other")) == count(server.url) > 0
    log = (server.directory / "log").read_text()
    assert "SET statement_timeout" in log
    assert "SET transaction_timeout" not in log


def test_a_dump_that_cannot_be_restored_whole_leaves_nothing(server: Postgres, tmp_path: Path) -> None:
    file = tmp_path / "dump"
    dump(server.url, file)
    with pytest.raises(CannotDo, match=r"psql ended with status 3: .*already exists"):
        programs.restore(server.url, file)
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(CannotDo, match="pg_restore ended"):
        programs.restore(server.url_of("third"), file)
    assert count(server.url_of("third")) == 0


def test_a_login_that_may_not_read_everything_is_told_whose_is_needed(server: Postgres) -> None:
    execute(server.url, "CREATE ROLE only_serves LOGIN IN ROLE exchange_app")
    login = server.url.replace("postgres@", "only_serves@")
    with pytest.raises(CannotDo, match="the login only_serves may not read") as refused:
        asyncio.run(taking._require_dumpable(login))
    assert "EXCHANGE_OWNER_DATABASE_URL" in refused.value.hint
    asyncio.run(taking._require_dumpable(server.url))
