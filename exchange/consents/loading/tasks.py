"""Recurring work of loads: staged rows are merged into the records, and files that never came whole are removed.

A batch and how far the load is merged are one transaction, so a process that is killed leaves a load that goes on.
"""

from contextlib import suppress
from datetime import timedelta

from exchange.consents.loading import queries
from exchange.consents.loading.merging import Load, merge
from exchange.kernel.database import Connection
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime
from ledger.log.head import Halted

MERGING = "consent-loads"
_SECONDS = 2.0
BATCH = 25_000
_ABANDONED = timedelta(days=1)


def open_parts(runtime: Runtime) -> None:
    """Register the loop."""

    async def merge_all(_leading: Connection) -> None:
        async with runtime.database.pool.acquire() as connection:
            for load in await queries.abandoned(connection, runtime.clock.now() - _ABANDONED):
                await queries.drop(connection, load)
            waiting = await queries.waiting(connection)
        with suppress(Halted):  # a halted ledger takes no entry of withdrawals; the next round tries again
            for load, rows, merged_to, scope, term in waiting:
                await _merge(runtime, Load(load, scope, timedelta(days=term)), begin=merged_to, rows=rows)

    runtime[Loops].add(every(_SECONDS, merge_all, name=MERGING, leader=leader_of(runtime.database, MERGING)))


async def _merge(runtime: Runtime, load: Load, *, begin: int, rows: int) -> None:
    while begin < rows:
        end = min(begin + BATCH, rows)
        await merge(runtime, load, begin=begin, end=end)
        begin = end
    async with runtime.database.pool.acquire() as connection:
        await queries.finish(connection, load.id, runtime.clock.now())
