"""A process that brings the index of a ledger up to date: `python -m tests.support.processes.indexer URL`."""

import asyncio
import sys

from exchange.audit import tasks
from exchange.kernel.database import open_database


async def run(url: str) -> None:
    """Index everything there is."""
    database = await open_database(url)
    async with database.pool.acquire() as connection:
        await tasks.keep_up(connection, seconds=60)
    await database.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
