"""Loops go on after every outcome of a round, one process leads, and a test can await a round."""

import asyncio
import io
import json
from collections.abc import AsyncIterator

import pytest

from exchange.kernel import logs
from exchange.kernel import loops as loops_module
from exchange.kernel.database import Connection, Database, open_database
from exchange.kernel.loops import Leader, Loop, Loops, RoundFailed, every, leader_of

LONG = 3600.0


@pytest.fixture
async def database(empty_database: str) -> AsyncIterator[Database]:
    database = await open_database(empty_database, pool_size=4)
    yield database
    await database.close()


def loops_of(*loops: Loop) -> Loops:
    registered = Loops()
    for loop in loops:
        registered.add(loop)
    return registered


async def test_every_failure_is_logged_and_no_loop_ends() -> None:
    failures: list[Exception] = [ConnectionResetError(), ValueError("secret"), RoundFailed()]
    rounds = 0

    async def fail() -> None:
        nonlocal rounds
        rounds += 1
        if failures:
            raise failures.pop(0)

    async def work() -> None: ...

    stream = io.StringIO()
    logs.configure(stream=stream)
    try:
        async with loops_of(every(LONG, fail, name="failing"), every(LONG, work, name="working")).running() as loops:
            while rounds < 4:
                await loops["failing"].tick()
            await loops["working"].tick()
    finally:
        logs.configure()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["level"], line["kind"], line["error"]) for line in lines] == [
        ("warning", "failing", "ConnectionResetError"),
        ("critical", "failing", "ValueError"),
    ]
    assert "secret" not in stream.getvalue()


async def test_a_tick_waits_for_a_whole_round() -> None:
    ended, begun, gate = 0, asyncio.Event(), asyncio.Event()

    async def work() -> None:
        nonlocal ended
        begun.set()
        await gate.wait()
        ended += 1

    loop = every(LONG, work, name="slow")
    async with loops_of(loop).running():
        await begun.wait()
        waiting = asyncio.create_task(loop.tick())  # the first round has begun already, so the second is awaited
        await asyncio.sleep(0)
        gate.set()
        await waiting
        assert ended == 2
    stopped = asyncio.create_task(loop.tick())
    await asyncio.sleep(0)
    await loop.stop()
    with pytest.raises(asyncio.CancelledError):
        await stopped


async def test_first_rounds_come_one_after_another() -> None:
    at_once, most, done = 0, 0, [asyncio.Event() for _ in range(3)]

    def counting(number: int) -> Loop:
        async def work() -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0)
            at_once -= 1
            done[number].set()

        return every(LONG, work, name=f"counting {number}")

    async with loops_of(*(counting(number) for number in range(3))).running():
        for event in done:
            await event.wait()
    assert most == 1


async def test_a_first_round_that_does_not_end_delays_the_others_only_for_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops_module, "_TURN_SECONDS", 0.01)
    rounds, worked = [], asyncio.Event()

    async def hang() -> None:
        rounds.append("hanging")
        await asyncio.Event().wait()
        rounds.append("over")

    async def work() -> None:
        rounds.append("working")
        worked.set()

    async with (
        asyncio.timeout(10),
        loops_of(every(LONG, hang, name="hanging"), every(LONG, work, name="working")).running(),
    ):
        await worked.wait()
    assert rounds == ["hanging", "working"]


async def test_a_loop_that_stops_while_it_waits_takes_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops_module, "_TURN_SECONDS", LONG)
    rounds, begun, gate, worked = [], asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def first() -> None:
        begun.set()
        await gate.wait()

    async def stopped() -> None:
        rounds.append("stopped")

    async def work() -> None:
        rounds.append("working")
        worked.set()

    loops = loops_of(
        every(LONG, first, name="first"), every(LONG, stopped, name="stopped"), every(LONG, work, name="working")
    )
    async with asyncio.timeout(10), loops.running():
        await begun.wait()
        await loops["stopped"].stop()
        assert rounds == []
        gate.set()
        await worked.wait()
    assert rounds == ["working"]


async def test_a_loop_that_stops_before_its_first_round_gives_its_turn_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops_module, "_TURN_SECONDS", LONG)
    rounds, asked, worked = [], asyncio.Event(), asyncio.Event()

    async def lead(_connection: Connection) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    async def never(_connection: Connection) -> None:
        rounds.append("asking")

    async def work() -> None:
        rounds.append("working")
        worked.set()

    leader = Leader(database, lead, never)
    loops = loops_of(every(LONG, never, name="asking", leader=leader), every(LONG, work, name="working"))
    async with asyncio.timeout(10), loops.running():
        await asked.wait()
        await loops["asking"].stop()
        await worked.wait()
    assert rounds == ["working"]


async def test_one_process_leads_and_another_takes_over(database: Database, empty_database: str) -> None:
    other = await open_database(empty_database, pool_size=2)
    rounds: list[str] = []

    def leading(name: str, on: Database) -> Loop:
        async def work(connection: Connection) -> None:
            assert await connection.fetchval("SELECT 1") == 1
            rounds.append(name)

        leader = leader_of(on, "work")
        return every(0.01, work, name=name, leader=Leader(on, leader.lead, leader.resign, is_kept=True))

    first, second = leading("first", database), leading("second", other)
    async with loops_of(first).running():
        await first.tick()
        async with loops_of(second).running():
            for _ in range(3):
                await first.tick()
            assert set(rounds) == {"first"}
            await first.stop()
            await second.tick()
            assert rounds[-1] == "second"
    await other.close()


async def test_leadership_for_one_round_is_given_back(database: Database) -> None:
    rounds = []

    def sharing(name: str) -> Loop:
        async def work(_connection: Connection) -> None:
            rounds.append(name)

        return every(LONG, work, name=name, leader=leader_of(database, "shared"))

    first, second = sharing("first"), sharing("second")
    async with loops_of(first, second).running():
        await first.tick()
        await second.tick()
    assert {"first", "second"} <= set(rounds)


def test_a_name_is_registered_once() -> None:
    async def work() -> None: ...

    with pytest.raises(ValueError, match="already"):
        loops_of(every(1, work, name="same"), every(1, work, name="same"))


async def test_a_loop_that_ends_ends_the_process() -> None:
    """A library may cancel the task, for instance. Unnoticed, no further checkpoint would be made."""
    given_up = asyncio.Event()

    rounds = []

    async def cancel() -> None:
        rounds.append("cancelled")
        raise asyncio.CancelledError

    loops = Loops(given_up.set)
    loops.add(every(LONG, cancel, name="cancelled"))
    async with asyncio.timeout(10), loops.running():
        assert not given_up.is_set(), "a start ends nothing"
        await given_up.wait()
    assert rounds == ["cancelled"], "it ended with its first round"


async def test_loops_that_are_stopped_end_no_process() -> None:
    given_up = asyncio.Event()

    async def work() -> None: ...

    loops = Loops(given_up.set)
    loops.add(every(LONG, work, name="working"))
    async with loops.running():
        await loops["working"].tick()
    assert not given_up.is_set()
