"""Wait until a checkpoint covers an entry, then read it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exchange.kernel.database import Connection
from exchange.kernel.runtime import Runtime
from exchange.publication.errors import NotYetCovered
from ledger.log import publication

_POLL = 0.05
_WAIT = re.compile(r"(?:^|[,\s])wait=(\d{1,2})(?:$|[;,\s])")
_LONGEST_WAIT = 30
T = TypeVar("T")


def wait_of(prefer: str | None) -> int:
    """The seconds of `Prefer: wait=…` (RFC 7240 section 4.3), at most 30; 0 without it."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]), _LONGEST_WAIT) if match else 0


async def read_published(runtime: Runtime, read: Callable[[Connection], Awaitable[T]], *, wait: int = 0) -> T:
    """Read what a checkpoint covers, and wait for it at most so many seconds. Raises NotYetCovered."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    while True:
        try:
            async with runtime.database.pool.acquire() as connection:
                return await read(connection)
        except publication.NotPublished as error:
            if loop.time() >= deadline:
                raise NotYetCovered(
                    "Ask again in a second, or send Prefer: wait=5.",
                    headers={"Retry-After": "1", "Cache-Control": "no-store"},
                ) from error
        await asyncio.sleep(_POLL)
