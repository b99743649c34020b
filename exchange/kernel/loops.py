"""Loops: work that an exchange repeats beside its requests for as long as it runs, such as signing and tidying.

Rooms register their loops in `open_parts`; the app starts and stops all of them together. No failure of a loop ends it or
reaches another. Where one ends all the same, the process ends, so that its supervisor starts another.

Tests await a round instead of sleeping: `await runtime[Loops]["name"].tick()`.
"""

import asyncio
import hashlib
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, overload

from exchange.kernel.database import FAILURES, Connection, Database, try_lock, unlock
from exchange.kernel.logs import log

_RETRY = 1.0
_TURN_SECONDS = 1.0  # the longest that the first round of one loop puts off those of others

GIVEN_UP: Final = threading.Event()
"""Set where this process ends because a loop has ended."""

Do = Callable[[], Awaitable[object]]
LeaderDo = Callable[[Connection], Awaitable[object]]


class RoundFailed(Exception):
    """A round failed, and `do` has logged why in its own words. The loop tries again."""


@dataclass(frozen=True, slots=True)
class Leader:
    """Leadership among an exchange's processes: the connection that holds an advisory lock of the database leads.

    `lead` takes the lock unless another connection holds it; `resign` releases it. A process leads for one round, or
    with `is_kept` until a round fails or the connection is lost; `begin` is called when such a leadership begins.
    """

    database: Database
    lead: Callable[[Connection], Awaitable[bool]]
    resign: Callable[[Connection], Awaitable[object]]
    is_kept: bool = False
    begin: Callable[[], None] | None = None


def leader_of(database: Database, name: str) -> Leader:
    """The leader for one round of work, by the name of the work."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    return Leader(
        database, lambda connection: try_lock(connection, number), lambda connection: unlock(connection, number)
    )


class Loop:
    """One piece of work, repeated. See `every`."""

    def __init__(
        self, seconds: float, do: Callable[..., Awaitable[object]], *, name: str, leader: Leader | None
    ) -> None:
        self.name = name
        self._seconds = seconds
        self._do = do
        self._leader = leader
        self._begun = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._turn: asyncio.Lock | None = None

    def start(self, give_up: Callable[[], None], turns: asyncio.Lock | None = None) -> None:
        """Begin, on the running event loop. `give_up` is called where the loop ends before `stop`.

        First rounds hold `turns`, one after another, so an exchange that starts needs few connections at once.
        """
        task = self._task = asyncio.create_task(self._run(turns or asyncio.Lock()), name=self.name)

        def on_end(ended: asyncio.Task[None]) -> None:
            self._end_turn()  # it may have ended before its first round began
            if self._task is task:
                error = None if ended.cancelled() else ended.exception()
                log().critical("background work has ended, and with it this process", kind=self.name, exc_info=error)
                give_up()

        task.add_done_callback(on_end)

    async def stop(self) -> None:
        """Stop, wherever the round is. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()

    async def tick(self) -> None:
        """Begin the next round without a pause, and wait for its end, whether it succeeds or fails."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._begun + 1, future))
        self._wake.set()
        await future

    async def _run(self, turns: asyncio.Lock) -> None:
        await self._take_turn(turns)
        is_leadership_kept = self._leader is not None and self._leader.is_kept
        while True:
            pause = _RETRY if is_leadership_kept else self._seconds
            try:
                await self._work()
            except RoundFailed:
                pass
            except FAILURES as error:
                log().warning("background work failed; trying again", kind=self.name, exc_info=error)
            except Exception as error:  # noqa: BLE001 - a loop that ended would be missed too late
                log().critical("background work failed unexpectedly; trying again", kind=self.name, exc_info=error)
            self._end_turn()
            await self._pause(pause)

    async def _take_turn(self, turns: asyncio.Lock) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_TURN_SECONDS):
                await turns.acquire()
                self._turn = turns

    def _end_turn(self) -> None:
        """Let the next loop begin. Idempotent."""
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.release()

    async def _work(self) -> None:
        """Do one round or, where leadership is kept, one round after another; nothing while another process leads."""
        leader = self._leader
        if leader is None:
            await self._round()
            return
        async with leader.database.pool.acquire() as connection:
            if not await leader.lead(connection):
                return
            try:
                if leader.begin is not None:
                    leader.begin()
                await self._round(connection)
                while leader.is_kept:
                    await self._pause(self._seconds)
                    await self._round(connection)
            finally:
                with suppress(*FAILURES):  # the lock goes with the connection
                    await leader.resign(connection)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _round(self, *arguments: Any) -> None:
        self._begun += 1
        self._wake.clear()
        try:
            await self._do(*arguments)
        finally:
            self._end_turn()  # a leadership that is kept goes on
            ended = [future for number, future in self._waiting if number <= self._begun]
            self._waiting = [(number, future) for number, future in self._waiting if number > self._begun]
            for future in ended:
                if not future.done():
                    future.set_result(None)


@overload
def every(seconds: float, do: Do, *, name: str) -> Loop: ...
@overload
def every(seconds: float, do: LeaderDo, *, name: str, leader: Leader) -> Loop: ...
def every(seconds: float, do: Callable[..., Awaitable[object]], *, name: str, leader: Leader | None = None) -> Loop:
    """A loop that calls `do`, waits so many seconds, and begins again.

    With a `leader`, `do` runs in one process at a time and gets the connection that leads. A failing database is logged
    as a warning, any other exception as critical, and the loop goes on.
    """
    return Loop(seconds, do, name=name, leader=leader)


def end_process() -> None:
    """End this process as SIGTERM does: requests end in order, and the exit status is 1."""
    GIVEN_UP.set()
    os.kill(os.getpid(), signal.SIGTERM)


class Loops:
    """The loops of a running exchange, by name. `give_up` is called where one ends."""

    def __init__(self, give_up: Callable[[], None] = end_process) -> None:
        self._give_up = give_up
        self._loops: dict[str, Loop] = {}

    def add(self, loop: Loop) -> None:
        """Register a loop before the exchange starts. Raises ValueError for a name that is taken."""
        if loop.name in self._loops:
            raise ValueError(f"there is a loop named {loop.name} already")
        self._loops[loop.name] = loop

    def __getitem__(self, name: str) -> Loop:
        """The loop of a name. Raises KeyError."""
        return self._loops[name]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Loops"]:
        """Run all loops during the block."""
        turns = asyncio.Lock()
        for loop in self._loops.values():
            loop.start(self._give_up, turns)
        try:
            yield self
        finally:
            await asyncio.gather(*(loop.stop() for loop in self._loops.values()))
