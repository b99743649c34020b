"""Point reads share round trips: those that arrive while others are on their way form the next batch.

A read by the whole key of a table touches one row, so none keeps another waiting. Under load the round trips cost more
than the reads: each wakes a process of the server, and its answer wakes this one.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, NamedTuple

from adapters.contract import SourceError
from adapters.postgresql.source import CONNECTION_ERRORS, as_source_error
from groundwork.rounds import Rounds

_LANES: Final = 2
_BATCH: Final = 64


class _Read(NamedTuple):
    sql: str
    values: Sequence[Any]


class PointReads:
    """Reads by statements that give back, as their last column, the number they bind last.

    A batch has one statement; at most two batches run at a time. `connect` opens a connection whose errors are
    SourceError.
    """

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._rounds = Rounds[_Read, list[Any], Any](
            _read_batch, connect=connect, most=_BATCH, lanes=_LANES, group=lambda read: read.sql, name="point-reads"
        )

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """The records of one read; `values` without the number. Raises SourceError."""
        return await self._rounds.ask(_Read(sql, values))

    async def close(self) -> None:
        """Stop at once: every waiting caller gets SourceError source-unreachable."""
        await self._rounds.close(SourceError("source-unreachable", "the source was closed"))


async def _read_batch(connection: Any, reads: Sequence[_Read]) -> list[list[Any] | SourceError]:
    """The records of each read, or its error. One bad read must not fail the batch: then each is retried alone."""
    if len(reads) > 1:
        with suppress(*CONNECTION_ERRORS):
            outcomes: list[list[Any] | SourceError] = [[] for _ in reads]
            numbered = [(*read.values, number) for number, read in enumerate(reads)]
            for record in await connection.fetchmany(reads[0].sql, numbered):
                outcomes[record[-1]].append(record)
            return outcomes
    return [await _read_alone(connection, read) for read in reads]


async def _read_alone(connection: Any, read: _Read) -> list[Any] | SourceError:
    try:
        records: list[Any] = await connection.fetch(read.sql, *read.values, 0)
    except CONNECTION_ERRORS as error:
        return as_source_error(error)
    return records
