"""DuckDB as the reader of snapshots: one engine a process, its work on threads, its reach limited to one directory.

The engine may open files below its directory and nothing else: no network, no extensions, no other path, and its
settings are locked. Queries stream: a result is never materialised, and closing a stream stops its query. It starts with the
first query, since where all sources are tables there is none.
"""

from asyncio import get_running_loop, shield
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar

import duckdb
import pyarrow as pa

from adapters.contract import SourceError

_T = TypeVar("_T")
_MEMORY_SHARE: Final = "1GB"
# A reader of batches gives the engine's errors as Arrow's or the system's.
_ERRORS: Final = (duckdb.Error, pa.ArrowException, OSError)


class Engine:
    """One DuckDB for the snapshots below `directory`. `threads` bounds the queries that run at a time."""

    def __init__(self, directory: Path, *, threads: int = 4, memory: str = _MEMORY_SHARE) -> None:
        self.directory = directory.resolve()
        self._memory = memory
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="duckdb")
        self._opening = Lock()
        self._database: Any = None

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do blocking work on one of the engine's threads."""
        return await get_running_loop().run_in_executor(self._threads, work)

    async def fetch(self, sql: str, values: Sequence[Any]) -> pa.Table:
        """A small result as a table; SourceError source-failed."""

        def work() -> pa.Table:
            cursor = self._opened().cursor()
            try:
                table: pa.Table = cursor.sql(sql, params=list(values)).to_arrow_table()
                return table
            finally:
                cursor.close()

        try:
            return await self.run(work)
        except _ERRORS as error:
            raise _failed(error) from None

    async def stream(self, sql: str, values: Sequence[Any], batch_rows: int) -> AsyncGenerator[pa.RecordBatch]:
        """A result batch by batch, the next one made while the last is used; at least one batch, perhaps empty.

        Raises SourceError source-failed.
        """
        try:
            cursor = (await self.run(self._opened)).cursor()
        except _ERRORS as error:
            raise _failed(error) from None
        pending = None
        try:
            reader = await self.run(lambda: cursor.sql(sql, params=list(values)).to_arrow_reader(batch_rows))
            is_empty = True
            pending = get_running_loop().run_in_executor(self._threads, _next, reader)
            while (batch := await shield(pending)) is not None:  # a cancelled wait leaves the thread at work
                pending = get_running_loop().run_in_executor(self._threads, _next, reader)
                is_empty = False
                yield batch
            if is_empty:
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)
        except _ERRORS as error:
            raise _failed(error) from None
        finally:
            cursor.interrupt()
            if pending is not None:
                with suppress(*_ERRORS):
                    await pending
            cursor.close()

    def close(self) -> None:
        """Stop the threads, then the database."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self._database is not None:
            self._database.close()

    def _opened(self) -> Any:
        """The database: for one of the threads, since opening it takes a fiftieth of a second."""
        with self._opening:
            if self._database is None:
                self._database = _open(self.directory, self._memory)
            return self._database


def _open(directory: Path, memory: str) -> Any:
    database = duckdb.connect(":memory:", config={"memory_limit": memory, "preserve_insertion_order": "true"})
    allowed = str(directory).replace("'", "''")
    for setting in (
        f"SET allowed_directories = ['{allowed}/']",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ):
        database.execute(setting)
    return database


def _next(reader: Any) -> pa.RecordBatch | None:
    while True:
        try:
            batch: pa.RecordBatch = reader.read_next_batch()
        except StopIteration:
            return None
        if batch.num_rows:
            return batch


def _failed(error: BaseException) -> SourceError:
    """An engine error without its words, which can quote a value."""
    return SourceError("source-failed", f"the query engine failed with {type(error).__name__}")
