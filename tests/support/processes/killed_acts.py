"""Acts in processes of their own, each killed right before one durable step of the act, or after the last one.

A durable step is what stays when the process is gone: a commit, a statement that writes outside of a transaction, or a file
that is put in place, written in place or removed. The process counts those of the act, and of nothing else that an exchange
does beside it. The state right before a step is the state right after the one before it, so these kills are all that differ.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any

import asyncpg
import httpx2

from exchange.app import create_app, opened
from exchange.jobs.parts import WORKER
from exchange.kernel.clock import SettableClock
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from tests.support.exchanges.exchange import URL, Answer, Exchange, Key
from tests.support.work.jobs import until_queue_is

Do = Callable[..., Awaitable[object]]

MOST = 40
"""More durable steps than an act has."""
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])
_APP = create_app(Settings(public_url=URL))


@dataclass
class _Steps:
    """The steps that an act has taken. `sessions` are the process's connections to the database."""

    fatal: int
    pipe: Pipe
    taken: list[str] = field(default_factory=list)
    sessions: list[asyncpg.Connection] = field(default_factory=list)

    def take(self, name: str) -> None:
        """Note a step that is about to be taken, or end the process before it."""
        if len(self.taken) == self.fatal:
            self.end(is_killed=True)
        self.taken.append(name)

    def end(self, *, is_killed: bool) -> None:
        """End the process as SIGKILL does."""
        self.pipe.send((is_killed, self.taken, [each.get_server_pid() for each in self.sessions]))
        os.kill(os.getpid(), signal.SIGKILL)


_ACT: ContextVar[_Steps | None] = ContextVar("act", default=None)


def _is_durable(connection: Any, query: str) -> bool:
    if query.startswith("COMMIT"):
        return True
    return not connection.is_in_transaction() and any(word in query for word in ("INSERT", "UPDATE ", "DELETE "))


def _watch_database(steps: _Steps) -> None:
    execute, execute_bound = asyncpg.Connection.execute, asyncpg.Connection._execute
    prepared, begin = (
        asyncpg.prepared_stmt.PreparedStatement._PreparedStatement__bind_execute,
        asyncpg.Connection.__init__,
    )

    def look(connection: Any, query: str) -> None:
        act = _ACT.get()
        if act is not None and _is_durable(connection, query):
            act.take(" ".join(query.split())[:60])

    def watched_begin(self: Any, *values: Any, **named: Any) -> None:
        begin(self, *values, **named)
        steps.sessions.append(self)

    async def watched(self: Any, query: str, *values: Any, **named: Any) -> Any:
        if not values:  # with values, it is the bound statement below
            look(self, query)
        return await execute(self, query, *values, **named)

    async def watched_bound(self: Any, query: str, *values: Any, **named: Any) -> Any:
        look(self, query)
        return await execute_bound(self, query, *values, **named)

    async def watched_prepared(self: Any, *values: Any, **named: Any) -> Any:
        look(self._connection, self.get_query())
        return await prepared(self, *values, **named)

    asyncpg.Connection.__init__ = watched_begin
    asyncpg.Connection.execute = watched
    asyncpg.Connection._execute = watched_bound
    asyncpg.prepared_stmt.PreparedStatement._PreparedStatement__bind_execute = watched_prepared


def _watch_files() -> None:
    for name in ("replace", "link", "unlink", "pwrite"):
        _watch_file_call(name, getattr(os, name))


def _watch_file_call(name: str, call: Callable[..., Any]) -> None:
    def watched(*values: Any, **named: Any) -> Any:
        act = _ACT.get()
        if act is not None:
            act.take(name)
        return call(*values, **named)

    setattr(os, name, watched)


@asynccontextmanager
async def _still(loops: Loops) -> AsyncIterator[Loops]:
    """Run no loop: what they do beside the act is none of its steps."""
    yield loops


async def _act(steps: _Steps, settings: Settings, at: datetime, do: Do, values: tuple[Any, ...]) -> None:
    async with opened(_APP, settings, clock=SettableClock(at)):
        transport = httpx2.ASGITransport(_APP)
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            _ACT.set(steps)
            await do(Exchange(_APP, client, {}, url=settings.public_url), *values)
            steps.end(is_killed=False)


def _run(fatal: int, pipe: Pipe, settings: Settings, at: datetime, do: Do, values: tuple[Any, ...]) -> None:
    steps = _Steps(fatal, pipe)
    _watch_database(steps)
    _watch_files()
    setattr(Loops, "running", _still)  # noqa: B010 - in this process only
    asyncio.run(_act(steps, settings, at, do, values))


@dataclass(frozen=True, slots=True)
class Killed:
    """What became of an act. `before` is the step that it was killed before; None where it was killed after the last one."""

    before: int | None
    taken: tuple[str, ...]


async def kill(exchange: Exchange, settings: Settings, fatal: int, do: Do, *values: Any, at: datetime) -> Killed:
    """Act in a process that is killed before a step. Returns when the database knows that it is gone.

    `do` is a function of a module, called with an exchange and the values.
    """
    ours, theirs = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_run, args=(fatal, theirs, settings, at, do, values))
    await asyncio.to_thread(process.start)
    theirs.close()
    try:
        is_killed, taken, sessions = await asyncio.to_thread(ours.recv)
    except EOFError:
        raise AssertionError(f"the act failed in its process, which ended with {process.exitcode}") from None
    finally:
        await asyncio.to_thread(process.join)
    await _until_gone(exchange, sessions)
    return Killed(fatal if is_killed else None, tuple(taken))


async def _until_gone(exchange: Exchange, sessions: list[int]) -> None:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1)"
    async with asyncio.timeout(60), exchange.runtime.database.pool.acquire() as connection:
        while await connection.fetchval(statement, sessions):  # noqa: ASYNC110 - the database tells nobody of it
            await asyncio.sleep(0.01)


async def each_step(
    exchange: Exchange,
    settings: Settings,
    prepare: Callable[[int], Awaitable[tuple[Any, ...]]],
    do: Do,
    *,
    span: timedelta = timedelta(),
) -> AsyncIterator[Killed]:
    """Act again and again, killed before the first step, the second and so on, and at last after the last one.

    `prepare` is called before each time, and makes the values of the act, which happens after the span.
    """
    for fatal in range(MOST):
        values = await prepare(fatal)
        killed = await kill(exchange, settings, fatal, do, *values, at=exchange.now + span)
        yield killed
        if killed.before is None:
            return
    raise AssertionError(f"the act has more than {MOST} durable steps")


async def restart(exchange: Exchange, settings: Settings) -> None:
    """Start the exchange in another process, and end it."""
    assert (await kill(exchange, settings, MOST, _nothing, at=exchange.now)).before is None


async def _nothing(exchange: Exchange) -> None:
    assert exchange.keys == {}


async def post(exchange: Exchange, key: Key, target: str, document: Any = None, purpose: str | None = None) -> Answer:
    """Post a document: an act."""
    return await exchange.call(key, "POST", target, document, purpose=purpose)


async def put(exchange: Exchange, key: Key, target: str, content: bytes) -> Answer:
    """Put a file: an act."""
    return await exchange.call(key, "PUT", target, content)


async def run_round(exchange: Exchange, name: str) -> None:
    """Run one round of a loop that no other process runs meanwhile: an act."""
    loop = exchange.runtime[Loops][name]
    loop.start(_give_up)
    await loop.tick()
    await loop.stop()


async def work_on_jobs(exchange: Exchange, kind: str) -> None:
    """Work on jobs until none of a kind is left: an act. It has to be no other process's work meanwhile."""
    loop = exchange.runtime[Loops][WORKER]
    loop.start(_give_up)
    await until_queue_is(exchange.runtime.database, [], kind=kind)
    await loop.stop()


def _give_up() -> None:
    raise AssertionError("the loop has ended")
