"""Point reads share round trips: those that arrive while others are on their way make up the next one.

A read by the whole key of a table touches one row, so none keeps another waiting. Under load the round trips cost more
than the reads: sending a statement wakes the server's process, and its answer wakes ours. As with the ledger's commits
there is no timer to wait for: a lone read leaves at once.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, TypeAlias

from adapters.contract import SourceError
from adapters.postgresql.source import CONNECTION_ERRORS, as_source_error

_LANES: Final = 2
_BATCH: Final = 64

_Waiting: TypeAlias = tuple[Sequence[Any], "asyncio.Future[list[Any]]"]


class PointReads:
    """Reads by statements whose last column is the number they bind last, in batches of one statement.

    `connection` gives a connection whose errors come out as SourceError. At most two batches are under way.
    """

    def __init__(self, connection: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connection = connection
        self._waiting: dict[str, list[_Waiting]] = {}
        self._lanes: set[asyncio.Task[None]] = set()

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The records of one read; `values` without the number. Raises SourceError."""
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(sql, []).append((values, future))
        if len(self._lanes) < _LANES:
            self._lanes.add(asyncio.create_task(self._run(), name="point-reads"))
        return await future

    def close(self) -> None:
        """Give up what is under way and what waits."""
        for lane in self._lanes:
            lane.cancel()
        _fail(self._take_all(), _closed())

    async def _run(self) -> None:
        """One lane: read what waits, until nothing does."""
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                async with self._connection() as connection:
                    while self._waiting:
                        sql, batch = self._next()
                        outcomes = await _read(connection, sql, [values for values, _ in batch])
                        for (_, future), outcome in zip(batch, outcomes, strict=True):
                            _settle(future, outcome)
        except asyncio.CancelledError:
            _fail(batch, _closed())
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, each that waits has to hear of it
            _fail([*batch, *self._take_all()], error)
        finally:
            # At once, not when the task is seen to be done: a read that comes in between has to find the lane free.
            self._lanes.discard(asyncio.current_task())

    def _next(self) -> tuple[str, list[_Waiting]]:
        """The reads of the statement that has waited longest; what exceeds a batch goes to the end."""
        sql, waiting = next(iter(self._waiting.items()))
        del self._waiting[sql]
        if len(waiting) > _BATCH:
            self._waiting[sql] = waiting[_BATCH:]
        return sql, [one for one in waiting[:_BATCH] if not one[1].done()]

    def _take_all(self) -> list[_Waiting]:
        waiting, self._waiting = self._waiting, {}
        return [one for several in waiting.values() for one in several]


async def _read(connection: Any, sql: str, questions: Sequence[Sequence[Any]]) -> list[list[Any] | SourceError]:
    """The records of each question, or why it has none."""
    if len(questions) > 1:
        with suppress(*CONNECTION_ERRORS):  # one of them fails, which is not the others' affair
            found: list[list[Any] | SourceError] = [[] for _ in questions]
            for record in await connection.fetchmany(sql, [(*one, number) for number, one in enumerate(questions)]):
                found[record[-1]].append(record)
            return found
    return [await _read_one(connection, sql, one) for one in questions]


async def _read_one(connection: Any, sql: str, values: Sequence[Any]) -> list[Any] | SourceError:
    try:
        records: list[Any] = await connection.fetch(sql, *values, 0)
    except CONNECTION_ERRORS as error:
        return as_source_error(error)
    return records


def _settle(future: "asyncio.Future[list[Any]]", outcome: list[Any] | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _fail(waiting: Iterable[_Waiting], error: Exception) -> None:
    for _, future in waiting:
        _settle(future, error)


def _closed() -> SourceError:
    return SourceError("source-unreachable", "the source was closed")
