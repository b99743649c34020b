"""One of several processes that append at once, as a worker of the exchange does: `python -m benchmarks.appender`.

It is told on its standard input, a JSON line each: first where and what (`database`, `body`, `fence`), then any number of
times how (`in_flight`, `seconds`), and answers each of these with a line: entries written, seconds, and latencies.
"""

import asyncio
import json
import secrets
import sys
import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop

from exchange.kernel.database import open_database
from ledger.log import store
from ledger.log.sequencer import Sequencer


async def _run(database_url: str, body: bytes, fence: int) -> None:
    database = await open_database(database_url, pool_size=2)
    sequencer = Sequencer(database.appending)
    _say({})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        _say(await _round(sequencer, body, fence, request["in_flight"], request["seconds"]))
    await sequencer.stop()
    await database.close()


async def _round(sequencer: Sequencer, body: bytes, fence: int, in_flight: int, seconds: float) -> dict[str, Any]:
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds + 120)
    begun = time.perf_counter()
    latencies: list[float] = []

    async def keep_appending() -> None:
        while (begun_at := time.perf_counter()) < begun + seconds:
            nonce = store.Nonce(secrets.token_bytes(32), expires_at)
            await sequencer.append(store.Submission(body, nonce=nonce, fence=fence))
            latencies.append(time.perf_counter() - begun_at)

    await asyncio.gather(*(keep_appending() for _ in range(in_flight)))
    took = time.perf_counter() - begun
    latencies.sort()
    return {"written": len(latencies), "seconds": took, "latencies": latencies[:: max(len(latencies) // 2_000, 1)]}


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    first = json.loads(sys.stdin.readline())
    uvloop.run(_run(first["database"], b64decode(first["body"]), first["fence"]))
