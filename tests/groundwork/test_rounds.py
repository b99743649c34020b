"""Rounds: every item gets one outcome, despite cancelled callers, failures and the closing of the queue."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.rounds import RoundCancelled, Rounds, without_connection


class Closed(Exception):
    """A connection that records its closing."""


class Worker:
    """Processes integers, counts connections, and can be held up within a round."""

    def __init__(self, **options: Any) -> None:
        self.rounds: list[list[int]] = []
        self.opened = self.open = self.most_open = 0
        self.release = asyncio.Event()
        self.release.set()
        self.begun = asyncio.Event()
        self.refuses_connections: Callable[[int], bool] = lambda _number: False
        self.outcome: Callable[[int], int | Exception] = lambda item: item * 10
        self.queue: Rounds[int, int, int] = Rounds(self.process, connect=self.connect, **{"most": 100, **options})

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[int]:
        self.opened += 1
        number = self.opened
        await asyncio.sleep(0)
        if self.refuses_connections(number):
            raise ConnectionError(number)
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            yield number
        finally:
            self.open -= 1
            await asyncio.sleep(0)

    async def process(self, _connection: int, items: list[int]) -> Sequence[int | Exception]:
        self.rounds.append(items)
        self.begun.set()
        await self.release.wait()
        return [self.outcome(item) for item in items]

    async def hold(self, item: int) -> "asyncio.Task[int]":
        """Begin a round with one item that does not end before `release`."""
        self.release.clear()
        self.begun.clear()
        task = asyncio.create_task(self.queue.ask(item))
        await self.begun.wait()
        return task


def ask(worker: Worker, items: Sequence[int]) -> "list[asyncio.Task[int]]":
    return [asyncio.create_task(worker.queue.ask(item)) for item in items]


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_lone_item_is_processed_at_once() -> None:
    worker = Worker()
    assert await worker.queue.ask(4) == 40
    assert worker.rounds == [[4]]


async def test_what_arrives_during_a_round_is_the_next_one_on_the_same_connection() -> None:
    worker = Worker()
    first = await worker.hold(0)
    later = ask(worker, range(1, 6))
    await turns()
    worker.release.set()
    assert await asyncio.gather(first, *later) == [0, 10, 20, 30, 40, 50]
    assert worker.rounds == [[0], [1, 2, 3, 4, 5]]
    assert worker.opened == 1


async def test_whoever_asks_again_at_once_finds_the_connection_still_open() -> None:
    worker = Worker()
    for number in range(20):
        assert await worker.queue.ask(number) == number * 10
    assert worker.opened == 1


async def test_a_connection_is_closed_when_nothing_waits() -> None:
    worker = Worker()
    await worker.queue.ask(1)
    await turns(10)
    assert worker.open == 0
    await worker.queue.ask(2)
    assert worker.opened == 2


async def test_a_round_takes_no_more_than_its_weight_and_a_heavy_item_has_a_round_of_its_own() -> None:
    worker = Worker(most=10, weight=lambda item: item)
    first = await worker.hold(1)
    later = ask(worker, [4, 6, 5, 30, 2])
    await turns()
    worker.release.set()
    await asyncio.gather(first, *later)
    assert worker.rounds == [[1], [4, 6], [5], [30], [2]]


async def test_the_items_of_a_round_have_one_group_and_no_group_starves() -> None:
    worker = Worker(most=2, group=lambda item: item % 2)
    first = await worker.hold(100)
    later = ask(worker, [1, 3, 5, 7, 2, 4])
    await turns()
    worker.release.set()
    await asyncio.gather(first, *later)
    assert worker.rounds == [[100], [1, 3], [2, 4], [5, 7]]


async def test_as_many_rounds_as_lanes_run_at_the_same_time() -> None:
    worker = Worker(most=1, lanes=3)
    worker.release.clear()
    tasks = ask(worker, range(7))
    await turns(20)
    assert len(worker.rounds) == 3
    worker.release.set()
    assert await asyncio.gather(*tasks) == [0, 10, 20, 30, 40, 50, 60]
    assert worker.most_open == 3


async def test_an_outcome_that_is_an_exception_is_raised_to_its_asker_only() -> None:
    worker = Worker()
    worker.outcome = lambda item: LookupError(item) if item == 2 else item
    results = await asyncio.gather(*ask(worker, [1, 2, 3]), return_exceptions=True)
    assert [str(result) for result in results] == ["1", "2", "3"]
    assert isinstance(results[1], LookupError)


async def test_a_round_that_fails_fails_its_items_and_no_others() -> None:
    worker = Worker()

    def outcome(item: int) -> int:
        if item == 0:
            raise OSError("down")
        return item

    worker.outcome = outcome
    first = await worker.hold(0)
    later = ask(worker, [1, 2])
    await turns()
    worker.release.set()
    results = await asyncio.gather(first, *later, return_exceptions=True)
    assert isinstance(results[0], OSError)
    assert results[1:] == [1, 2]
    assert worker.opened == 2  # the failed round's connection is not used again


async def test_too_few_outcomes_fail_the_items_without_one() -> None:
    worker = Worker()

    async def process(_connection: int, items: list[int]) -> list[int]:
        return items[:1]

    queue: Rounds[int, int, int] = Rounds(process, connect=worker.connect, most=10)
    results = await asyncio.gather(*(queue.ask(item) for item in (1, 2)), return_exceptions=True)
    assert results[0] == 1
    assert isinstance(results[1], ValueError)


async def test_without_any_connection_everyone_who_waits_gets_the_error() -> None:
    worker = Worker(most=1, lanes=2)
    worker.refuses_connections = lambda _number: True
    results = await asyncio.gather(*ask(worker, range(5)), return_exceptions=True)
    assert {type(result) for result in results} == {ConnectionError}
    worker.refuses_connections = lambda _number: False
    assert await worker.queue.ask(1) == 10


async def test_a_lane_without_a_connection_leaves_its_items_to_the_others() -> None:
    worker = Worker(most=1, lanes=3)
    worker.refuses_connections = lambda number: number != 1
    first = await worker.hold(0)
    later = ask(worker, range(1, 6))
    await turns(20)
    worker.release.set()
    assert await asyncio.gather(first, *later) == [0, 10, 20, 30, 40, 50]
    assert worker.opened < 10  # it does not try again and again meanwhile


async def test_a_cancelled_asker_is_left_out_of_the_next_round() -> None:
    worker = Worker(most=2)
    first = await worker.hold(0)
    later = ask(worker, range(1, 7))
    await turns()
    for task in later[::2]:
        task.cancel()
    await turns()
    worker.release.set()
    assert await first == 0
    assert await asyncio.gather(*later[1::2]) == [20, 40, 60]
    assert worker.rounds == [[0], [2, 4], [6]]


async def test_an_asker_cancelled_during_its_round_takes_nobody_with_it() -> None:
    worker = Worker()
    worker.release.clear()
    tasks = ask(worker, [1, 2])
    await worker.begun.wait()
    tasks[0].cancel()
    await turns()
    worker.release.set()
    assert await tasks[1] == 20
    assert tasks[0].cancelled()


async def test_a_cancellation_within_a_round_is_an_error_of_that_round() -> None:
    async def process(_connection: None, items: list[int]) -> list[int]:
        if items == [0]:
            inner = asyncio.create_task(asyncio.Event().wait())
            inner.cancel()
            await inner
        return items

    queue: Rounds[int, int, None] = Rounds(process, connect=without_connection, most=10)
    with pytest.raises(RoundCancelled):
        await queue.ask(0)
    assert await queue.ask(1) == 1


async def test_closing_fails_those_under_way_those_who_wait_and_those_who_come_later() -> None:
    worker = Worker(most=1)
    first = await worker.hold(0)
    later = ask(worker, range(1, 4))
    await turns()
    await worker.queue.close(Closed())
    results = await asyncio.gather(first, *later, return_exceptions=True)
    assert {type(result) for result in results} == {Closed}
    with pytest.raises(Closed):
        await worker.queue.ask(9)
    assert worker.rounds == [[0]]
    assert worker.open == 0


async def test_those_who_wait_hear_of_the_end_even_if_closing_itself_is_cancelled() -> None:
    worker = Worker(most=1)

    async def process(_connection: int, items: list[int]) -> list[int]:
        worker.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await worker.release.wait()  # a connection that takes its time to end
        return items

    queue: Rounds[int, int, int] = Rounds(process, connect=worker.connect, most=1)
    worker.release.clear()
    first, second = asyncio.create_task(queue.ask(1)), asyncio.create_task(queue.ask(2))
    await worker.begun.wait()
    closing = asyncio.create_task(queue.close(Closed()))
    await turns()
    closing.cancel()
    with pytest.raises(Closed):
        await second
    worker.release.set()
    with pytest.raises(Closed):
        await first


async def test_an_item_that_arrives_while_the_connection_is_being_closed_is_not_left_behind() -> None:
    worker = Worker()
    for pause in range(8):  # at each turn of the end of a lane
        assert await worker.queue.ask(1) == 10
        await turns(pause)
        assert await asyncio.wait_for(worker.queue.ask(2), timeout=10) == 20


async def test_an_error_in_closing_a_connection_is_reported_and_fails_nobody() -> None:
    reported: list[dict[str, Any]] = []
    waiting: list[asyncio.Task[int]] = []

    async def process(_connection: int, items: list[int]) -> list[int]:
        return items

    @asynccontextmanager
    async def connect() -> AsyncIterator[int]:
        yield 1
        if not waiting:
            waiting.append(asyncio.create_task(queue.ask(2)))
            await turns()
            raise OSError("lost")

    queue: Rounds[int, int, int] = Rounds(process, connect=connect, most=10, name="readers")
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, context: reported.append(context))
    try:
        assert await queue.ask(1) == 1
        await turns(10)
        assert await waiting[0] == 2
    finally:
        loop.set_exception_handler(before)
    assert [context["message"] for context in reported] == ["readers: closing a connection failed"]


async def test_a_weight_or_group_that_cannot_be_told_fails_its_asker_only() -> None:
    def weigh(item: int) -> int:
        if item == 2:
            raise ValueError("no weight")
        return 1

    worker = Worker(weight=weigh)
    results = await asyncio.gather(*ask(worker, [1, 2, 3]), return_exceptions=True)
    assert results[0::2] == [10, 30]
    assert isinstance(results[1], ValueError)


async def test_a_round_does_not_run_in_the_context_of_whoever_asks_first() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="none")
    values: list[str] = []

    async def process(_connection: None, items: list[int]) -> list[int]:
        values.append(variable.get())
        return items

    queue: Rounds[int, int, None] = Rounds(process, connect=without_connection, most=10)
    variable.set("first")
    await queue.ask(1)
    assert values == ["none"]


@settings(max_examples=100)
@given(
    items=st.lists(st.integers(0, 30), min_size=1, max_size=40),
    most=st.integers(1, 8),
    lanes=st.integers(1, 3),
    failing=st.sets(st.integers(0, 30)),
    cancelled=st.sets(st.integers(0, 39)),
)
def test_everyone_gets_their_own_outcome(
    items: list[int], most: int, lanes: int, failing: set[int], cancelled: set[int]
) -> None:
    async def run() -> None:
        worker = Worker(most=most, lanes=lanes, group=lambda item: item % 3)
        worker.outcome = lambda item: LookupError(item) if item in failing else item
        tasks = ask(worker, items)
        await turns(2)
        for number in cancelled:
            if number < len(tasks):
                tasks[number].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for number, (item, result) in enumerate(zip(items, results, strict=True)):
            if number in cancelled and isinstance(result, asyncio.CancelledError):
                continue
            assert (isinstance(result, LookupError) and item in failing) or (result == item and item not in failing)
        assert all(len(batch) <= most and len({item % 3 for item in batch}) == 1 for batch in worker.rounds)
        assert worker.most_open <= lanes

    asyncio.run(run())
