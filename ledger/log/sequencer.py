"""Group commit: the entries that queue up while one commit is on its way share the next one.

Each process has one sequencer; the head row's lock orders the batches of all of them. There is no timer to wait for: a
lone entry commits at once, and under load a batch is what arrived during the last commit.
"""

import asyncio
from collections import deque
from contextlib import suppress

import asyncpg

from ledger.log import store

Batch = list[tuple[store.Submission, asyncio.Future[int]]]


class SequencerClosed(Exception):
    """The sequencer was stopped before the entry was durable; whether it was written is not known."""


class Sequencer:
    """Appends submissions in batches of at most `batch` entries, each batch one statement on `pool`."""

    def __init__(self, pool: asyncpg.Pool, *, batch: int = 512) -> None:
        self._pool = pool
        self._batch = batch
        self._queue: deque[tuple[store.Submission, asyncio.Future[int]]] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Begin to commit what is queued, on the running loop."""
        self._task = asyncio.create_task(self._run(), name="ledger-sequencer")

    async def stop(self) -> None:
        """Stop; what is still queued, or comes later, fails with SequencerClosed."""
        self._is_stopped = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        while self._queue:
            _, future = self._queue.popleft()
            if not future.done():
                future.set_exception(SequencerClosed())

    async def append(self, submission: store.Submission) -> int:
        """Append one entry and return its index once it is durable.

        Raises store.Replayed or store.FenceMoved when its conditions do not hold, SequencerClosed, and whatever the
        database raised.
        """
        if self._is_stopped:
            raise SequencerClosed
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((submission, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while batch := self._next():
                await self._commit(batch)

    def _next(self) -> Batch:
        """What is queued, as far as one transaction takes it."""
        return [self._queue.popleft() for _ in range(min(len(self._queue), self._batch))]

    async def _commit(self, batch: Batch) -> None:
        """Commit a batch and, on the same connection, those that queue up meanwhile."""
        try:
            async with self._pool.acquire() as connection:
                while batch:
                    _tell(batch, await store.append(connection, [submission for submission, _ in batch]))
                    batch = self._next()
        except asyncio.CancelledError:
            _fail(batch, SequencerClosed())
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, each waiting request has to hear of it
            _fail(batch, error)


def _tell(batch: Batch, outcomes: list[store.Outcome]) -> None:
    for (_, future), outcome in zip(batch, outcomes, strict=True):
        if future.done():
            continue
        if isinstance(outcome, store.Refused):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _fail(batch: Batch, error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
