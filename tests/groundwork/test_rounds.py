"""Rounds: every item gets its own outcome, once; no round breaks its bounds; nobody is left waiting."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from groundwork.rounds import Rounds, without_connection

MOST = 5


class Item(NamedTuple):
    number: int
    group: str = ""
    weight: int = 1


class BadItemError(Exception):
    """The outcome of one item."""


class BrokenError(Exception):
    """The end of a round, or of a connection."""


@dataclass
class Processor:
    """Records the rounds it processes. Each waits for `go`, so that a test decides what arrives meanwhile."""

    bad: frozenset[int] = frozenset()
    breaking: frozenset[int] = frozenset()
    rounds: list[list[Item]] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    running: int = 0
    most_running: int = 0
    is_broken: bool = False
    go: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[int]:
        if self.is_broken:
            raise BrokenError
        self.opened += 1
        yield self.opened
        self.closed += 1

    async def process(self, connection: int, items: list[Item]) -> Sequence[int | Exception]:
        self.rounds.append(items)
        self.connections.append(connection)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.go.wait()
        finally:
            self.running -= 1
        if self.breaking.intersection(item.number for item in items):
            raise BrokenError
        return [BadItemError() if item.number in self.bad else item.number * 2 for item in items]

    def queue(self, *, lanes: int = 1, most: int = MOST) -> Rounds[Item, int, int]:
        return Rounds(
            self.process,
            connect=self.connect,
            most=most,
            lanes=lanes,
            weight=lambda item: item.weight,
            group=lambda item: item.group,
        )

    @property
    def numbers(self) -> list[list[int]]:
        return [[item.number for item in items] for items in self.rounds]


def ask(queue: Rounds[Item, int, int], *items: Item | int) -> list[asyncio.Task[int]]:
    asked = [item if isinstance(item, Item) else Item(item) for item in items]
    return [asyncio.ensure_future(queue.ask(item)) for item in asked]


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_arrives_during_a_round_is_the_next_round() -> None:
    processor = Processor()
    queue = processor.queue()
    tasks = ask(queue, 1)
    await settle()
    tasks += ask(queue, 2, 3, 4)
    await settle()
    assert processor.numbers == [[1]]
    processor.go.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
    assert processor.numbers == [[1], [2, 3, 4]]
    await settle()
    assert (processor.opened, processor.closed) == (1, 1)


async def test_a_later_item_finds_a_lane_again() -> None:
    processor = Processor()
    processor.go.set()
    queue = processor.queue()
    for number in range(5):
        assert await queue.ask(Item(number)) == number * 2
    assert processor.numbers == [[0], [1], [2], [3], [4]]


async def test_a_heavy_item_has_a_round_of_its_own() -> None:
    processor = Processor()
    processor.go.set()
    tasks = ask(processor.queue(), Item(1, weight=3), Item(2, weight=3), Item(3, weight=99), Item(4), Item(5))
    await asyncio.gather(*tasks)
    assert processor.numbers == [[1], [2], [3], [4, 5]]


async def test_the_rest_of_a_long_group_lets_other_groups_pass() -> None:
    processor = Processor()
    processor.go.set()
    await asyncio.gather(*ask(processor.queue(most=2), *(Item(number, "a") for number in range(5)), Item(9, "b")))
    assert processor.numbers == [[0, 1], [9], [2, 3], [4]]


async def test_one_bad_item_fails_alone() -> None:
    processor = Processor(bad=frozenset({2}))
    processor.go.set()
    outcomes = await asyncio.gather(*ask(processor.queue(), 1, 2, 3), return_exceptions=True)
    assert (outcomes[0], outcomes[2]) == (2, 6)
    assert isinstance(outcomes[1], BadItemError)


async def test_a_broken_round_fails_alone_and_the_next_has_a_new_connection() -> None:
    processor = Processor(breaking=frozenset({1}))
    queue = processor.queue(most=2)
    tasks = ask(queue, 1, 2, 3, 4)
    await settle()
    processor.go.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BrokenError, BrokenError, int, int]
    assert processor.connections == [1, 2]


async def test_without_a_connection_everyone_fails_and_later_items_try_again() -> None:
    processor = Processor(is_broken=True)
    queue = processor.queue(most=2)
    outcomes = await asyncio.gather(*ask(queue, *range(9)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {BrokenError}
    processor.is_broken = False
    processor.go.set()
    assert await asyncio.wait_for(queue.ask(Item(1)), 10) == 2


async def test_whoever_gives_up_is_left_out() -> None:
    processor = Processor()
    queue = processor.queue()
    tasks = ask(queue, 0, 1, 2, 3, 4)
    await settle()
    waiting = ask(queue, 5, 6, 7)
    await settle()
    tasks[1].cancel()  # its round is under way
    waiting[0].cancel()
    await settle()
    processor.go.set()
    outcomes = await asyncio.gather(*tasks, *waiting, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in outcomes] == [number in (1, 5) for number in range(8)]
    assert processor.numbers == [[0, 1, 2, 3, 4], [6, 7]]


async def test_closing_leaves_nobody_waiting() -> None:
    processor = Processor()
    queue = processor.queue(lanes=2, most=1)
    tasks = ask(queue, *range(9))
    await settle()
    late = ask(queue, 10)
    await queue.close(BrokenError())
    outcomes = await asyncio.wait_for(asyncio.gather(*tasks, *late, return_exceptions=True), 10)
    assert {type(outcome) for outcome in outcomes} == {BrokenError}
    with pytest.raises(BrokenError):
        await queue.ask(Item(11))
    assert processor.running == 0
    assert len(processor.rounds) == 2


async def test_an_outcome_too_few_fails_the_round() -> None:
    async def process(_connection: None, items: list[int]) -> list[int]:
        return items[1:]

    queue = Rounds[int, int, None](process, connect=without_connection, most=9)
    outcomes = await asyncio.gather(queue.ask(1), queue.ask(2), return_exceptions=True)
    assert any(isinstance(outcome, ValueError) for outcome in outcomes)


ITEMS = st.lists(st.builds(Item, st.just(0), st.sampled_from("ab"), st.integers(1, MOST + 2)), min_size=1, max_size=30)


@given(
    items=ITEMS,
    pauses=st.sets(st.integers(0, 29)),
    cancelled=st.sets(st.integers(0, 29), max_size=5),
    bad=st.frozensets(st.integers(0, 29), max_size=3),
    breaking=st.frozensets(st.integers(0, 29), max_size=2),
    lanes=st.integers(1, 3),
)
async def test_every_item_has_its_own_outcome_within_the_bounds(
    items: list[Item],
    pauses: set[int],
    cancelled: set[int],
    bad: frozenset[int],
    breaking: frozenset[int],
    lanes: int,
) -> None:
    processor = Processor(bad=bad, breaking=breaking)
    queue = processor.queue(lanes=lanes)
    items = [item._replace(number=number) for number, item in enumerate(items)]
    tasks = []
    for item in items:
        tasks += ask(queue, item)
        if item.number in pauses:
            await settle()
    for number in cancelled & set(range(len(tasks))):
        tasks[number].cancel()
    processor.go.set()
    outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)

    broken = {item.number for items in processor.rounds if breaking & {i.number for i in items} for item in items}
    event(f"rounds with a break: {bool(broken)}, cancelled: {bool(cancelled)}")
    for item, outcome in zip(items, outcomes, strict=True):
        if item.number in cancelled:
            assert isinstance(outcome, asyncio.CancelledError)
        elif item.number in broken:
            assert isinstance(outcome, BrokenError)
        elif item.number in bad:
            assert isinstance(outcome, BadItemError)
        else:
            assert outcome == item.number * 2
    order: defaultdict[str, list[int]] = defaultdict(list)
    for taken in processor.rounds:
        assert len({item.group for item in taken}) == 1
        assert len(taken) == 1 or sum(item.weight for item in taken) <= MOST
        order[taken[0].group] += [item.number for item in taken]
    assert all(numbers == sorted(set(numbers)) for numbers in order.values())
    assert processor.most_running <= lanes
    await settle()
    assert processor.running == 0
