"""Durable ledger entries per second, by how many wait at a time: group commit on a real PostgreSQL, fsync on.

The entries are those of deliveries, each with a token that may be used once and the fence it demands, as a delivery's is.
"""

import asyncio
import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop

from benchmarks.figures import spread
from benchmarks.ground import Ground
from exchange.kernel.database import Database, open_database
from ledger import canonical, store
from ledger.sequencer import Sequencer

IN_FLIGHT = (1, 16, 128)
ROUNDS = 5
SECONDS = 1.5


async def _measure(on: Ground) -> dict[str, Any]:
    database = await open_database(on.database)
    sequencer = Sequencer(database.pool)
    sequencer.start()
    try:
        body = await _body(database)
        async with database.pool.acquire() as connection:
            fence = (await store.read_head(connection)).fence
            safe = {
                name: await connection.fetchval(f"SHOW {name}")
                for name in ("fsync", "synchronous_commit", "full_page_writes")
            }
        rates: dict[int, list[float]] = {count: [] for count in IN_FLIGHT}
        for _ in range(ROUNDS):
            for count in IN_FLIGHT:
                rates[count].append(await _round(sequencer, body, fence, count))
    finally:
        await sequencer.stop()
        await database.close()
    return {
        "durable_per_s": {str(count): spread(rates[count], 0)["median"] for count in IN_FLIGHT},
        "spread": {str(count): spread(rates[count], 0) for count in IN_FLIGHT},
        "entry_bytes": len(body),
        "postgresql": safe,
    }


async def _body(database: Database) -> bytes:
    """The body of an entry that a delivery left."""
    async with database.pool.acquire() as connection:
        size = (await store.read_head(connection)).size
        leaves = await store.read_leaves(connection, size - 50, size)
    [*_, body] = [one["body"] for one in map(json.loads, leaves) if one["body"]["type"] == "delivery.completed"]
    return canonical.dumps(body)


async def _round(sequencer: Sequencer, body: bytes, fence: int, in_flight: int) -> float:
    expires_at = datetime.now(UTC) + timedelta(seconds=120)
    until = time.perf_counter() + SECONDS
    written = 0

    async def keep_appending() -> None:
        nonlocal written
        while time.perf_counter() < until:
            once = store.Once(secrets.token_bytes(32), expires_at)
            await sequencer.append(store.Submission(body, once=once, fence=fence))
            written += 1

    begun = time.perf_counter()
    await asyncio.gather(*(keep_appending() for _ in range(in_flight)))
    return written / (time.perf_counter() - begun)


def measure(on: Ground) -> dict[str, Any]:
    """Rounds of each number in flight, in turns."""
    return uvloop.run(_measure(on))
