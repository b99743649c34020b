"""Copies of an exchange's database, and waits for what an exchange does on one: sign, halt, refuse."""

import asyncio
import secrets

import asyncpg
import pytest
from pydantic import SecretStr

from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from ledger.log import head, publication
from tests.support.exchanges.exchange import Exchange
from tests.support.processes.commands import CommandResult, run_in_process


class DatabaseCopies:
    """Databases on the worker's server for one test: the exchange's own, and backups of it."""

    def __init__(self, embedded: Embedded) -> None:
        self._embedded = embedded
        self._prefix = secrets.token_hex(4)

    def url(self, name: str) -> str:
        return self._embedded.url("exchange_test" if name == "live" else f"{self._prefix}_{name}")

    async def copy(self, source: str, target: str) -> str:
        """A copy of a database that nobody is connected to."""
        template = "exchange_test" if source == "live" else f"{self._prefix}_{source}"
        connection = await asyncpg.connect(**arguments(self._embedded.url("postgres")))
        await connection.execute(f'CREATE DATABASE "{self._prefix}_{target}" TEMPLATE "{template}"')
        await connection.close()
        return self.url(target)


def with_database(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(url)})


async def append_refusal(exchange: Exchange) -> int:
    """Make the exchange append an entry: the refusal of a request by an unknown key."""
    answer = await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries?limit=1")
    assert answer.status in {200, 401}, answer.content
    return int(answer.headers["exchange-entry"])


async def wait_for_checkpoint(exchange: Exchange) -> publication.Published:
    """Wait for the checkpoint that covers all entries."""
    for _ in range(400):
        async with exchange.runtime.database.pool.acquire() as connection:
            newest = await publication.latest(connection)
            if newest and newest.size == (await head.read_head(connection)).size:
                return newest
        await asyncio.sleep(0.02)
    raise AssertionError("no checkpoint")


async def read_head(url: str) -> head.Head:
    connection = await asyncpg.connect(**arguments(url))
    try:
        return await head.read_head(connection)
    finally:
        await connection.close()


async def read_checkpoints(url: str) -> dict[int, str]:
    connection = await asyncpg.connect(**arguments(url))
    try:
        return {row.size: row.note for row in await publication.checkpoints(connection, after=0, limit=1000)}
    finally:
        await connection.close()


async def wait_until_halted(exchange: Exchange) -> str:
    """Wait until the exchange is halted, and return the reason."""
    for _ in range(400):
        answer = await exchange.send("GET", "/readyz", {})
        if answer.status == 503:
            assert answer.problem == "ledger-halted"
            return str(answer.json["detail"])
        await asyncio.sleep(0.02)
    raise AssertionError("it does not halt")


async def run_ledger_command(settings: Settings, monkeypatch: pytest.MonkeyPatch, *words: str) -> CommandResult:
    assert settings.database_url is not None
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", settings.database_url.get_secret_value())
    return await asyncio.to_thread(run_in_process, "ledger", *words, "--data", settings.data)
