"""The DuckDB engine that reads snapshots: one per process, on threads, confined to one directory.

The engine opens files below its directory only: no network, no extensions, no other path, and its settings are locked.
Results stream and are never materialised; closing a stream stops its query. The engine starts with the first query, so an
exchange without files has none.
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
_MEMORY: Final = "1GB"
# A reader of batches raises the engine's errors as Arrow's or the system's.
_ERRORS: Final = (duckdb.Error, pa.ArrowException, OSError)


class Engine:
    """A DuckDB for the snapshots below `directory`. At most `threads` queries run at a time; `memory` is DuckDB's limit."""

    def __init__(self, directory: Path, *, threads: int = 4, memory: str = _MEMORY) -> None:
        self.directory = directory.resolve()
        self._memory = memory
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="duckdb")
        self._opening = Lock()
        self._database: Any = None

    async def run(self, work: Callable[[], _T]) -> _T:
        """Run blocking work on one of the engine's threads."""
        return await get_running_loop().run_in_executor(self._threads, work)

    async def fetch(self, sql: str, values: Sequence[Any]) -> pa.Table:
        """A small result as a table. Raises SourceError source-failed."""

        def work() -> pa.Table:
            cursor = self._open_once().cursor()
            try:
                table: pa.Table = cursor.sql(sql, params=list(values)).to_arrow_table()
                return table
            finally:
                cursor.close()

        try:
            return await self.run(work)
        except _ERRORS as error:
            raise _as_source_error(error) from None

    async def stream(self, sql: str, values: Sequence[Any], batch_rows: int) -> AsyncGenerator[pa.RecordBatch]:
        """A result in batches, at least one, perhaps empty. The engine makes a batch while the one before is used.

        Raises SourceError source-failed.
        """
        try:
            cursor = (await self.run(self._open_once)).cursor()
        except _ERRORS as error:
            raise _as_source_error(error) from None
        pending = None
        try:
            reader = await self.run(lambda: cursor.sql(sql, params=list(values)).to_arrow_reader(batch_rows))
            is_empty = True
            pending = get_running_loop().run_in_executor(self._threads, _next, reader)
            while (batch := await shield(pending)) is not None:  # cancelling the wait does not stop the thread
                pending = get_running_loop().run_in_executor(self._threads, _next, reader)
                is_empty = False
                yield batch
            if is_empty:
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)
        except _ERRORS as error:
            raise _as_source_error(error) from None
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

    def _open_once(self) -> Any:
        """The database, opened with the first query. Call it on a thread: opening takes 20 ms."""
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


def _as_source_error(error: BaseException) -> SourceError:
    """An engine error without its message, which can quote a value."""
    return SourceError("source-failed", f"the query engine failed with {type(error).__name__}")
