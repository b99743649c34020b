"""One of the processes that append at once: `python -m tests.support.processes.appender DATABASE WORKER COUNT SHARED`.

`DATABASE` are the arguments of a connection, as JSON: importing what makes them of a URL takes a second. Every worker
submits COUNT entries of its own, all at once, and SHARED more whose tokens all the workers want. It waits for a line on
its input before it begins, so that all begin together, and prints its outcomes as JSON.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from ledger.format import canonical
from ledger.log import store
from ledger.log.sequencer import Sequencer


async def run(database: dict[str, Any], worker: int, count: int, shared: int) -> dict[str, Any]:
    """Append, and return the indexes: by own number, and of the shared tokens that this worker got."""
    async with asyncpg.create_pool(**database, min_size=2, max_size=2) as pool:
        sequencer = Sequencer(pool, batch=64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        own = [store.Submission(canonical.dumps({"worker": worker, "number": number})) for number in range(count)]
        expiry = datetime.now(UTC) + timedelta(minutes=5)
        contested = [
            store.Submission(
                canonical.dumps({"worker": worker, "token": token}),
                nonce=store.Nonce.of("contested", str(token), expires_at=expiry),
            )
            for token in range(shared)
        ]
        results = await asyncio.gather(*map(sequencer.append, own + contested), return_exceptions=True)
        await sequencer.stop()
    won = {token: index for token, index in enumerate(results[count:]) if isinstance(index, int)}
    lost = sum(isinstance(result, store.Replayed) for result in results[count:])
    return {"worker": worker, "indexes": results[:count], "won": won, "lost": lost}


if __name__ == "__main__":
    database_, *numbers = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(run(json.loads(database_), *map(int, numbers)))))
