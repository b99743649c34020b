"""The DuckDB engine that reads snapshots: one per process, on threads, confined to one directory.

The engine opens files below its directory only: no network, no extensions, no other path, and its settings are locked.
Results stream and are never materialised; closing a stream stops its query. The engine starts with the first query, so an
exchange without files has none.
"""

from asyncio import Future, Task, TimerHandle, gather, get_running_loop, shield, wait
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

import duckdb
import pyarrow as pa

from adapters.contract import SourceError

_T = TypeVar("_T")
_MEMORY: Final = "1GB"
IDLE_SECONDS = 1.0
"""The time after which a query ends whose reader takes nothing."""
# A reader of batches raises the engine's errors as Arrow's or the system's.
_ERRORS: Final = (duckdb.Error, pa.ArrowException, OSError)


class Statement(Protocol):
    """A SELECT that can begin again behind the rows it has given."""

    def compose(self) -> tuple[str, Sequence[Any]]:
        """The SQL of the rows that are left, and the values it binds."""
        ...

    def count(self, batch: pa.RecordBatch) -> None:
        """Note that the rows of a batch are given."""
        ...


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

    async def stream(
        self, statements: Sequence[Statement], batch_rows: int, *, ahead: int = 0
    ) -> AsyncGenerator[pa.RecordBatch]:
        """The results of statements, one after the other, in batches. The engine makes a batch while the one before is used.

        `ahead`: so many statements begin before it is their turn, since the first batch of a sort takes the longest.

        A query holds tens of MiB, so it ends when its reader takes nothing for a second. For the next batch the statement
        is composed again. Raises SourceError source-failed.
        """
        waiting = deque(statements)
        begun: deque[tuple[Statement, _Query]] = deque()
        try:
            while begun or waiting:
                while waiting and len(begun) <= ahead:
                    statement = waiting.popleft()
                    begun.append((statement, await self._begin(statement, batch_rows)))
                statement, query = begun[0]
                batch = await query.next()
                if batch is None:
                    await begun.popleft()[1].end()
                    continue
                statement.count(batch)
                for _, query in begun:
                    query.end_later()
                batches = [batch]
                del batch  # a generator that waits holds nothing
                yield batches.pop()
                if any([await query.has_ended() for _, query in begun]):
                    await gather(*(query.end() for _, query in begun))
                    waiting.extendleft(statement for statement, _ in reversed(begun))
                    begun.clear()
        except _ERRORS as error:
            raise _as_source_error(error) from None
        finally:
            if begun:
                await shield(gather(*(query.end() for _, query in begun)))

    async def _begin(self, statement: Statement, batch_rows: int) -> "_Query":
        sql, values = statement.compose()
        cursor = (await self.run(self._open_once)).cursor()
        return _Query(self._threads, cursor, lambda: cursor.sql(sql, params=list(values)).to_arrow_reader(batch_rows))

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


class _Query:
    """A running query. Its first batch is made at once, and each further one while the one before is used."""

    def __init__(self, threads: ThreadPoolExecutor, cursor: Any, start: Callable[[], pa.RecordBatchReader]) -> None:
        self._loop = get_running_loop()
        self._threads = threads
        self._cursor = cursor
        self._start = start
        self._reader: pa.RecordBatchReader | None = None
        self._timer: TimerHandle | None = None
        self._ending: Task[None] | None = None
        self._pending = self._run()  # last: a thread reads what is above

    def _run(self) -> Future[pa.RecordBatch | None]:
        return self._loop.run_in_executor(self._threads, self._next)

    def _next(self) -> pa.RecordBatch | None:
        """The next batch with rows. Runs on a thread of the engine."""
        if self._ending is not None:
            return None
        self._reader = self._reader or self._start()
        return next((batch for batch in self._reader if batch.num_rows), None)

    async def next(self) -> pa.RecordBatch | None:
        """The next batch; None after the last."""
        batch = await shield(self._pending)  # cancelling the wait does not stop the thread
        if batch is not None:
            self._pending = self._run()
        return batch

    def end_later(self) -> None:
        """End in a second, unless `has_ended` is asked before."""
        self._timer = self._loop.call_later(IDLE_SECONDS, self._begin_end)

    async def has_ended(self) -> bool:
        """Whether the second was over. Waits for an end that has begun."""
        if self._timer is not None:
            self._timer.cancel()
        if self._ending is None:
            return False
        await shield(self._ending)
        return True

    async def end(self) -> None:
        """Stop the query and release what it holds. An end that has begun goes on if the wait is cancelled."""
        if not await self.has_ended():
            await shield(self._begin_end())

    def _begin_end(self) -> Task[None]:
        self._ending = self._loop.create_task(self._end())
        return self._ending

    async def _end(self) -> None:
        with suppress(*_ERRORS):  # also where the engine was closed before
            self._cursor.interrupt()
        await wait({self._pending})
        if not self._pending.cancelled():
            self._pending.exception()  # nobody waits for it any more
        self._cursor.close()
        del self._pending, self._reader


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


def _as_source_error(error: BaseException) -> SourceError:
    """An engine error without its message, which can quote a value."""
    return SourceError("source-failed", f"the query engine failed with {type(error).__name__}")
