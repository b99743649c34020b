"""Wait until a checkpoint covers an entry, then read it.

All who wait in one process share its looks at the database. Their number is bounded, and nobody waits for an entry that
is not on the ledger or for a client that has left.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from fastapi import Request

from exchange.kernel.database import Connection
from exchange.kernel.problems import NotFound
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.http import runtime_of
from exchange.publication.errors import NotYetCovered
from exchange.publication.settings import PublicationSettings
from groundwork.rounds import Rounds, without_connection
from ledger.log import publication
from ledger.log.head import read_size

_POLL = 0.05
_MOST = 10_000  # who share a look: all
_WAIT = re.compile(r"(?:^|[,\s])wait=(\d{1,2})(?:$|[;,\s])")
_LONGEST_WAIT = 30
T = TypeVar("T")


def wait_of(prefer: str | None) -> int:
    """The seconds of `Prefer: wait=…` (RFC 7240 section 4.3), at most 30; 0 without it."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]), _LONGEST_WAIT) if match else 0


class Waiters:
    """The requests that wait for a checkpoint in one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._most = runtime[PublicationSettings].receipt_waiters
        self._count = 0
        self._looks: Rounds[None, int, None] = Rounds(
            self._look, connect=without_connection, most=_MOST, name="checkpoint-waiters"
        )

    @contextmanager
    def one_more(self) -> Iterator[bool]:
        """Count a waiter for the block; False where there are enough already."""
        is_admitted = self._count < self._most
        self._count += is_admitted
        try:
            yield is_admitted
        finally:
            self._count -= is_admitted

    async def covered(self) -> int:
        """The number of entries that a checkpoint covers, a moment from now."""
        return await self._looks.ask(None)

    async def size(self) -> int:
        """The number of entries on the ledger."""
        async with self._runtime.database.pool.acquire() as connection:
            return await read_size(connection)

    async def _look(self, _connection: None, waiting: list[None]) -> list[int]:
        await asyncio.sleep(_POLL)
        async with self._runtime.database.pool.acquire() as connection:
            published = await publication.latest(connection)
        return [published.size if published else 0] * len(waiting)


async def read_published(
    request: Request, read: Callable[[Connection], Awaitable[T]], *, index: int | None = None, wait: int = 0
) -> T:
    """Read what a checkpoint covers once it covers the entry `index`; wait for that at most `wait` seconds.

    Without an index, any checkpoint will do. Raises NotFound beyond the end of the ledger, and NotYetCovered, at once
    where too many wait already.
    """
    runtime = runtime_of(request)
    try:
        return await _read(runtime, read)
    except publication.NotPublished as error:
        waiters = runtime[Waiters]
        size = await waiters.size()
        if index is not None and index >= size:
            raise NotFound(
                f"The ledger has {size} entries, with the indexes from 0; this index has none.",
                headers={"Cache-Control": "no-store"},
                size=size,
            ) from error
        with waiters.one_more() as is_admitted:
            if not wait or not is_admitted or not size:
                raise _not_yet() from error
            await _wait_for(request, waiters, index=index or 0, seconds=wait)
        try:
            return await _read(runtime, read)
        except publication.NotPublished:
            raise _not_yet() from error


async def _read(runtime: Runtime, read: Callable[[Connection], Awaitable[T]]) -> T:
    async with runtime.database.pool.acquire() as connection:
        return await read(connection)


async def _wait_for(request: Request, waiters: Waiters, *, index: int, seconds: int) -> None:
    """Wait until a checkpoint covers the entry, the time is over, or the client has left."""

    async def until_covered() -> None:
        while await waiters.covered() <= index:
            pass

    async def until_left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    tasks = {asyncio.create_task(until_covered()), asyncio.create_task(until_left())}
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _not_yet() -> NotYetCovered:
    return NotYetCovered(
        "Ask again in a second, or send Prefer: wait=5.", headers={"Retry-After": "1", "Cache-Control": "no-store"}
    )
