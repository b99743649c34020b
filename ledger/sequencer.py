"""Group commit: the entries that queue up while one commit is on its way share the next one.

Each process has one sequencer; the head row's lock orders the batches of all of them. There is no timer to wait for: a
lone entry commits at once. Where many wait, the head is not locked while the disk is waited for: batches are appended
one after another, and a second connection makes all durable that were appended before it asked. Nobody is answered
before that, and no checkpoint is signed over what could still be lost (ledger.publication).
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

import asyncpg

from ledger import store

Batch = list[tuple[store.Submission, asyncio.Future[int]]]
_SHARE: Final = 64
"""Entries of one batch. Where as many others wait, the database, the disk and this process work at once on parts of them."""


class SequencerClosed(Exception):
    """The sequencer was stopped before the entry was durable; whether it was written is not known."""


class Sequencer:
    """Appends submissions in batches of at most `batch` entries, each batch one statement on `pool`, which it needs twice."""

    def __init__(self, pool: asyncpg.Pool, *, batch: int = _SHARE) -> None:
        self._pool = pool
        self._batch = batch
        self._queue: deque[tuple[store.Submission, asyncio.Future[int]]] = deque()
        self._appended: list[tuple[Batch, list[store.Outcome]]] = []
        self._untold = 0
        self._wake = asyncio.Event()
        self._wake_flush = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopped = False

    def start(self) -> None:
        """Begin to commit what is queued, on the running loop."""
        self._tasks = [
            asyncio.create_task(self._run(), name="ledger-sequencer"),
            asyncio.create_task(self._run_flush(), name="ledger-sequencer-flush"),
        ]

    async def stop(self) -> None:
        """Stop; what is still queued, or comes later, fails with SequencerClosed."""
        self._is_stopped = True
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for batch, _ in self._appended:
            _fail(batch, SequencerClosed())
        _fail(list(self._queue), SequencerClosed())
        self._queue.clear()

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
        """What is queued, as far as one batch takes it."""
        return [self._queue.popleft() for _ in range(min(len(self._queue), self._batch))]

    async def _commit(self, batch: Batch) -> None:
        """Append a batch and, on the same connection, those that queue up meanwhile."""
        try:
            async with self._pool.acquire() as connection:
                while batch:
                    are_many = len(self._queue) + self._untold >= self._batch
                    submissions = [submission for submission, _ in batch]
                    outcomes = await store.append(connection, submissions, is_awaited=not are_many)
                    if are_many:
                        self._appended.append((batch, outcomes))
                        self._untold += len(batch)
                        self._wake_flush.set()
                    else:
                        _tell(batch, outcomes)
                    batch = self._next()
        except asyncio.CancelledError:
            _fail(batch, SequencerClosed())
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, each waiting request has to hear of it
            _fail(batch, error)

    async def _run_flush(self) -> None:
        while True:
            await self._wake_flush.wait()
            self._wake_flush.clear()
            await self._flush()

    async def _flush(self) -> None:
        """Make durable what was appended and, on the same connection, what is appended meanwhile; then tell."""
        flushed: list[tuple[Batch, list[store.Outcome]]] = []
        try:
            async with self._pool.acquire() as connection:
                while self._appended:
                    flushed, self._appended = self._appended, []
                    await store.flush(connection)
                    for batch, outcomes in flushed:
                        _tell(batch, outcomes)
                        self._untold -= len(batch)
        except asyncio.CancelledError:
            for batch, _ in flushed:
                _fail(batch, SequencerClosed())
            raise
        except Exception as error:  # noqa: BLE001 - as above
            for batch, _ in [*flushed, *self._appended]:
                _fail(batch, error)
            self._appended.clear()
            self._untold = 0


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
