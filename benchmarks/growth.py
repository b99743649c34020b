"""Measure appending on ledgers of four sizes: its rate must not fall as the ledger grows.

The entries in between are put into the table by SQL: rows of the usual size that nobody will verify, since it is the
table and its index whose growth is in question. It takes some minutes and, for 10 million, 9 GB of disk, so it runs only
when it is named: `python -m benchmarks growth`, with BENCH_GROWTH_MOST to stop at a smaller size.
"""

import asyncio
import os
from typing import Any

import asyncpg

from benchmarks.durable import appenders
from benchmarks.figures import spread
from benchmarks.ground import Ground
from exchange.kernel.database import arguments

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
ROUNDS = 5
_IN_FLIGHT = 128
_CHUNK = 500_000


async def _grow(on: Ground, size: int) -> None:
    connection = await asyncpg.connect(**arguments(on.database))
    try:
        at = await connection.fetchval("SELECT size FROM ledger_head")
        while at < size:
            stop = min(at + _CHUNK, size)
            await connection.execute(
                "INSERT INTO ledger_entry (seq, leaf_hash, leaf) "
                "SELECT i, sha256(int8send(i)), convert_to(rpad(i::text, 700, md5(i::text)), 'UTF8') "
                "FROM generate_series($1::bigint, $2::bigint - 1) i",
                at,
                stop,
            )
            await connection.execute("UPDATE ledger_head SET size = $1", stop)
            at = stop
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def measure(on: Ground) -> dict[str, Any]:
    """Entries a second at each size, with 128 in flight in one process."""
    most = int(os.environ.get("BENCH_GROWTH_MOST", SIZES[-1]))
    figures: dict[str, Any] = {}
    for size in (candidate for candidate in SIZES if candidate <= most):
        with appenders(on, 1) as processes:
            asyncio.run(_grow(on, size))
            rounds = [processes.round(workers=1, in_flight=_IN_FLIGHT) for _ in range(ROUNDS)]
        figures[str(size)] = {
            "per_s": spread([round_["per_s"] for round_ in rounds], 0),
            "p99_ms": spread([round_["p99_ms"] for round_ in rounds]),
        }
    return figures
