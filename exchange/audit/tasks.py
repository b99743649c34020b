"""Recurring work of audit: the index of entries follows the ledger. A search indexes the rest itself.

Writers pay nothing: they commit the entry alone, and the database derives the index rows later from the committed
bytes. A process may be killed anywhere; the next one continues after the last row.
"""

import time

from exchange.audit import queries
from exchange.audit.errors import IndexBehind
from exchange.kernel.database import Connection
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime

INDEX = "ledger-index"
_BATCH = 2_000
_MOST_FOR_A_SEARCH = 50_000


def open_parts(runtime: Runtime, *, seconds: float) -> None:
    """Register the loop, which may take half of its interval of so many seconds."""

    async def index(connection: Connection) -> None:
        await keep_up(connection, seconds=seconds / 2)

    runtime[Loops].add(every(seconds, index, name=INDEX, leader=leader_of(runtime.database, INDEX)))


async def keep_up(connection: Connection, *, seconds: float) -> None:
    """Index new entries for at most so many seconds."""
    end = time.monotonic() + seconds
    while await queries.fill(connection, most=_BATCH) and time.monotonic() < end:
        pass


async def catch_up(runtime: Runtime) -> None:
    """Index every entry, so that a search misses none. Raises IndexBehind where that would take long."""
    async with runtime.database.pool.acquire() as connection:
        for _ in range(_MOST_FOR_A_SEARCH // _BATCH):
            if not await queries.fill(connection, most=_BATCH):
                return
    raise IndexBehind(
        "Ask again in a while; `exchange ledger reindex` brings it up to date at once.", headers={"Retry-After": "30"}
    )


async def rebuild(connection: Connection) -> tuple[int, int]:
    """Derive every row again; returns how many entries there are, and how many rows were wrong.

    Searches go on meanwhile. A run that is killed has mended the rows so far; run it again.
    """
    start = wrong = 0
    while True:
        stop, written = await queries.refill(connection, start, most=_BATCH)
        wrong += written
        if stop - start < _BATCH:
            return stop, wrong
        start = stop
