"""Keeping the index behind the ledger: a little after each checkpoint, the rest when somebody searches.

Writers pay nothing for it: what they commit is the entry alone, and the rows are derived later, in the database, from
the bytes that were committed. Wherever this is killed it goes on from the last row.
"""

import time
from collections.abc import Callable

from exchange.audit import queries
from exchange.audit.errors import IndexBehind
from exchange.kernel.database import Connection
from exchange.kernel.runtime import Runtime

_BATCH = 2_000
_MOST_FOR_A_SEARCH = 50_000


async def keep_up(connection: Connection, *, seconds: float) -> None:
    """Index what has come, and stop when the time is over: the next checkpoint must not wait for it."""
    end = time.monotonic() + seconds
    while await queries.fill(connection, most=_BATCH) and time.monotonic() < end:
        pass


async def catch_up(runtime: Runtime) -> None:
    """Index everything there is, so that a search misses nothing. Raises IndexBehind where that would take long."""
    async with runtime.database.pool.acquire() as connection:
        for _ in range(_MOST_FOR_A_SEARCH // _BATCH):
            if not await queries.fill(connection, most=_BATCH):
                return
    raise IndexBehind(
        "Ask again in a while; `exchange ledger reindex` brings it up to date at once.", headers={"Retry-After": "30"}
    )


async def rebuild(connection: Connection, *, told: Callable[[int], None] = lambda _: None) -> tuple[int, int]:
    """Derive every row from the entries again; returns how many entries there are, and how many rows were not right.

    Searches go on meanwhile. Killed on the way, it has made the rows so far right, and is begun again. `told` hears how
    far it has come.
    """
    start = wrong = 0
    while True:
        stop, written = await queries.refill(connection, start, most=_BATCH)
        wrong += written
        told(stop)
        if stop - start < _BATCH:
            return stop, wrong
        start = stop
