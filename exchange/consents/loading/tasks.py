"""Recurring work of loads: staged rows are merged into the records, and files that never came whole are removed.

A batch and how far the load is merged are one transaction, so a process that is killed leaves a load that goes on.
"""

from datetime import timedelta
from uuid import UUID

from exchange.consents.loading import queries
from exchange.kernel.database import Connection
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime

MERGING = "consent-loads"
_SECONDS = 2.0
_BATCH = 25_000
_ABANDONED = timedelta(days=1)


def open_parts(runtime: Runtime) -> None:
    """Register the loop."""

    async def merge_all(_leading: Connection) -> None:
        async with runtime.database.pool.acquire() as connection:
            for load in await queries.abandoned(connection, runtime.clock.now() - _ABANDONED):
                await queries.drop(connection, load)
            for load, rows, merged_to, scope, term in await queries.waiting(connection):
                await _merge(
                    runtime, connection, load, rows=rows, begin=merged_to, scope=scope, term=timedelta(days=term)
                )

    runtime[Loops].add(every(_SECONDS, merge_all, name=MERGING, leader=leader_of(runtime.database, MERGING)))


async def _merge(
    runtime: Runtime, connection: Connection, load: UUID, *, rows: int, begin: int, scope: int, term: timedelta
) -> None:
    while begin < rows:
        end, now = min(begin + _BATCH, rows), runtime.clock.now()
        await queries.merge_batch(connection, load, begin=begin, end=end, scope=scope, term=term, now=now)
        begin = end
    await queries.finish(connection, load, runtime.clock.now())
