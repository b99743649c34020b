"""Jobs for tests: a payload, a table for the effects of jobs, and a worker that runs beside an exchange."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import ClassVar

import asyncpg
from sqlalchemy import text

from exchange.jobs.payload import Payload
from exchange.jobs.settings import JobSettings
from exchange.jobs.work import Jobs
from exchange.kernel.database import AsyncSession, Database, arguments

TABLE = "job_effects"


class Counted(Payload):
    """A job that adds a row with its number."""

    kind: ClassVar[str] = "counted"

    number: int


async def count(session: AsyncSession, payload: Counted) -> None:
    """The effect: one row."""
    await session.execute(text(f"INSERT INTO {TABLE} (number) VALUES (:number)"), {"number": payload.number})


@asynccontextmanager
async def effects_table(url: str) -> AsyncIterator[None]:
    """The table, until the end of the block."""
    connection = await asyncpg.connect(**arguments(url))
    try:
        await connection.execute(f"CREATE TABLE {TABLE} (number bigint); GRANT ALL ON {TABLE} TO exchange_app")
        yield
    finally:
        await connection.execute(f"DROP TABLE {TABLE}")
        await connection.close()


async def read_effects(database: Database) -> list[int]:
    """The numbers of the rows, in order."""
    async with database.pool.acquire() as connection:
        return [row["number"] for row in await connection.fetch(f"SELECT number FROM {TABLE} ORDER BY number")]


async def read_queue(database: Database, kind: str = Counted.kind) -> list[str]:
    """The statuses of the jobs of a kind."""
    statement = "SELECT status::text FROM jobs.pgqueuer WHERE entrypoint = $1 ORDER BY id"
    async with database.pool.acquire() as connection:
        return [row["status"] for row in await connection.fetch(statement, kind)]


@asynccontextmanager
async def working(database: Database, jobs: Jobs, settings: JobSettings) -> AsyncIterator[None]:
    """A worker until the end of the block."""
    task = asyncio.create_task(jobs.work(database, settings))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until_queue_is(database: Database, statuses: list[str], *, kind: str = Counted.kind) -> None:
    """Wait until the jobs of a kind have these statuses."""
    changed = asyncio.Event()
    async with asyncio.timeout(60), database.pool.acquire() as connection:
        await connection.add_listener("ch_pgqueuer", lambda *_: changed.set())
        while await read_queue(database, kind) != statuses:
            with suppress(TimeoutError):  # the queue notifies of rows that come and go, not of each status
                async with asyncio.timeout(0.5):
                    await changed.wait()
            changed.clear()
        await connection.reset()
