"""Rounds: items that arrive while a round is being processed form the next round.

There is no timer: a lone item is processed at once, and under load a round holds what arrived during the last one. The
ledger's group commit, point reads of a source and the keys of data subjects are all processed in rounds.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Connection = TypeVar("Connection")

_Waiting = tuple[Item, asyncio.Future[Outcome]]


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

    async def ask(self, item: Item) -> Outcome:
        """The outcome of one item. Raises what `process` raised or returned for it, or the error given to `close`."""
        if self._closed is not None:
            raise self._closed
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        group = self._group(item) if self._group is not None else None
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = deque()
        waiting.append((item, future))
        if len(self._lanes) < self._lanes_most:
            self._lanes.add(asyncio.create_task(self._run(), name=self._name))
        return await future

    async def close(self, error: Exception) -> None:
        """Stop at once: whoever waits now, or asks later, gets `error`. What a round under way changed is not known."""
        self._closed = error
        lanes = list(self._lanes)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        self._fail(self._take_all(), error)

    async def _run(self) -> None:
        """One lane: process rounds until nothing waits."""
        current: list[_Waiting[Item, Outcome]] = []
        try:
            async with self._connect() as connection:
                while current := self._next():
                    outcomes = await self._process(connection, [item for item, _ in current])
                    for (_, future), outcome in zip(current, outcomes, strict=True):
                        _settle(future, outcome)
        except asyncio.CancelledError:
            if self._closed is not None:
                self._fail(current, self._closed)
            else:  # the event loop is ending
                for _, future in [*current, *self._take_all()]:
                    future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, everyone who waits has to hear of it
            # Without a connection no later round would fare better.
            self._fail(current or self._take_all(), error)
        finally:
            # At once, not when the task is seen to be done: an item that arrives in between must find the lane free.
            self._lanes.discard(asyncio.current_task())
            if self._waiting and self._closed is None and len(self._lanes) < self._lanes_most:
                self._lanes.add(asyncio.create_task(self._run(), name=self._name))

    def _next(self) -> list[_Waiting[Item, Outcome]]:
        """The longest-waiting group's items, as many as a round takes; the rest of the group goes to the end."""
        while self._waiting:
            group = next(iter(self._waiting))
            waiting = self._waiting.pop(group)
            taken: list[_Waiting[Item, Outcome]] = []
            left = self._most
            while waiting and (not taken or left > 0):
                weight = self._weight(waiting[0][0]) if self._weight is not None else 1
                if taken and weight > left:
                    break
                left -= weight
                taken.append(waiting.popleft())
            if waiting:
                self._waiting[group] = waiting
            if taken := [one for one in taken if not one[1].done()]:
                return taken
        return []

    def _take_all(self) -> list[_Waiting[Item, Outcome]]:
        waiting, self._waiting = self._waiting, {}
        return [one for several in waiting.values() for one in several]

    @staticmethod
    def _fail(waiting: list[_Waiting[Item, Outcome]], error: Exception) -> None:
        for _, future in waiting:
            _settle(future, error)


def _settle(future: "asyncio.Future[Outcome]", outcome: Outcome | Exception) -> None:
    if future.done():  # whoever asked has gone
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


@asynccontextmanager
async def without_connection() -> AsyncIterator[None]:
    """For rounds that open what they need themselves."""
    yield None
