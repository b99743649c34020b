"""Rounds: items that arrive while a round is being processed form the next round.

There is no timer: a lone item is processed at once, and under load a round has what arrived during the last one. The
ledger's group commit, point reads of a source and the keys of data subjects are all processed in rounds.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import copy_context
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Connection = TypeVar("Connection")


class RoundCancelled(Exception):
    """Something within `process` or `connect` was cancelled, though the lane was not."""


class _Waiting(NamedTuple, Generic[Item, Outcome]):
    item: Item
    future: "asyncio.Future[Outcome]"
    weight: int


class Rounds(Generic[Item, Outcome, Connection]):
    """A queue of items, processed in rounds on one event loop.

    `process` takes a connection and a round's items, and returns an outcome for each, in order; an outcome that is an
    exception is raised to whoever asked for that item. When `process` itself raises, every item of the round fails with
    that error. `connect` opens the connection that consecutive rounds share.

    `most` is the largest sum of `weight` in a round (a heavier item has a round of its own); `lanes` rounds run at the
    same time; items of a round have the same `group`.
    """

    def __init__(
        self,
        process: Callable[[Connection, list[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        connect: Callable[[], AbstractAsyncContextManager[Connection]],
        most: int,
        lanes: int = 1,
        weight: Callable[[Item], int] | None = None,
        group: Callable[[Item], Hashable] | None = None,
        name: str = "rounds",
    ) -> None:
        self._process = process
        self._connect = connect
        self._most = most
        self._lanes_most = lanes
        self._weight = weight
        self._group = group
        self._name = name
        self._waiting: dict[Hashable, deque[_Waiting[Item, Outcome]]] = {}
        self._lanes: set[asyncio.Task[None]] = set()
        self._closed: Exception | None = None
        # A round belongs to no request, so it does not inherit the context (such as log fields) of whoever asks first.
        self._context = copy_context()

    async def ask(self, item: Item) -> Outcome:
        """The outcome of one item. Raises what `process` raised or returned for it, or the error given to `close`."""
        if self._closed is not None:
            raise self._closed
        weight = 1 if self._weight is None else self._weight(item)
        group = None if self._group is None else self._group(item)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = deque()
        waiting.append(_Waiting(item, future, weight))
        if len(self._lanes) < self._lanes_most:
            self._open_lane()
        return await future

    async def close(self, error: Exception) -> None:
        """Stop at once: every present and later caller gets `error`. Whether the rounds under way took effect is unknown."""
        self._closed = error
        _fail(self._take_all(), error)
        lanes = list(self._lanes)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    def _open_lane(self) -> None:
        opened: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()
        lane = asyncio.create_task(self._run(opened), name=self._name, context=self._context.copy())
        opened.set_result(lane)
        self._lanes.add(lane)

    async def _run(self, opened: "asyncio.Future[asyncio.Task[None]]") -> None:
        """Open a connection and process rounds until nothing waits. `opened` has the task that runs this lane."""
        lane = await opened
        current: list[_Waiting[Item, Outcome]] = []
        is_connected = False
        try:
            async with self._connect() as connection:
                is_connected = True
                while current := self._next() or await self._next_after_a_turn():
                    outcomes = await self._process(connection, [waiting.item for waiting in current])
                    for waiting, outcome in zip(current, outcomes, strict=True):
                        _settle(waiting.future, outcome)
        except asyncio.CancelledError:
            if lane.cancelling():  # by `close`, or because the event loop ends
                if self._closed is not None:
                    _fail(current, self._closed)
                else:
                    for waiting in [*current, *self._take_all()]:
                        waiting.future.cancel()
                raise
            self._blame(current, RoundCancelled(f"{self._name}: a round was cancelled from within"), is_connected)
        except Exception as error:  # noqa: BLE001 - everyone who waits for the outcome has to get the error
            self._blame(current, error, is_connected)
        finally:
            # The lane is freed here, not in a callback of the task, which runs later: an item in between needs a free lane.
            self._lanes.discard(lane)
        # Items arrived while the connection was being closed, or this round failed. Without a connection, the lanes that
        # have one go on alone.
        if self._waiting and is_connected and self._closed is None and len(self._lanes) < self._lanes_most:
            self._open_lane()

    async def _next_after_a_turn(self) -> list[_Waiting[Item, Outcome]]:
        # A caller with an outcome may ask again in the loop's next turn; the open connection then serves it.
        await asyncio.sleep(0)
        return self._next()

    def _blame(self, current: list[_Waiting[Item, Outcome]], error: Exception, is_connected: bool) -> None:  # noqa: FBT001
        """Fail a round, or everything that waits if no other lane is left to process it."""
        if current:
            _fail(current, self._closed or error)
        elif not is_connected and len(self._lanes) == 1:
            _fail(self._take_all(), error)
        elif is_connected:
            # Closing the connection failed. All its rounds were settled, so the error is nobody's.
            context = {"message": f"{self._name}: closing a connection failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _next(self) -> list[_Waiting[Item, Outcome]]:
        """The next round: the group that waits longest, up to `most`. The rest of that group goes to the end."""
        while self._waiting:
            group = next(iter(self._waiting))
            waiting = self._waiting.pop(group)
            taken: list[_Waiting[Item, Outcome]] = []
            left = self._most
            while waiting:
                if waiting[0].future.done():  # whoever asked was cancelled
                    waiting.popleft()
                    continue
                if taken and waiting[0].weight > left:
                    break
                taken.append(waiting.popleft())
                left -= taken[-1].weight
            if waiting:
                self._waiting[group] = waiting
            if taken:
                return taken
        return []

    def _take_all(self) -> list[_Waiting[Item, Outcome]]:
        waiting, self._waiting = self._waiting, {}
        return [each for group in waiting.values() for each in group]


def _fail(waiting: list[_Waiting[Item, Outcome]], error: Exception) -> None:
    for each in waiting:
        _settle(each.future, error)


def _settle(future: "asyncio.Future[Outcome]", outcome: Outcome | Exception) -> None:
    if future.done():  # whoever asked was cancelled
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


@asynccontextmanager
async def without_connection() -> AsyncIterator[None]:
    """Connect nothing, for rounds whose `process` opens its own connection."""
    yield None
