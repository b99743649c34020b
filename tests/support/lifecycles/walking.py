"""Take acts in a room one after the other, and hold all that it did against the prediction."""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from groundwork.lifecycle import Machine
from tests.support.exchanges.exchange import Answer
from tests.support.lifecycles.model import Act, Past, step_of
from tests.support.lifecycles.rooms import WAIT, WAITS, Room

REFUSALS = {403, 404, 409, 422}


class Differs(AssertionError):
    """A room did what its table does not say."""


@dataclass
class Walk:
    """A walk of one thing. `allowed` counts the acts that the table allows, by verb."""

    room: Room
    thing: str
    past: Past
    allowed: dict[str, int] = field(default_factory=dict)
    _read: int = 0

    @classmethod
    async def begin(cls, room: Room) -> "Walk":
        """Make a thing, and compare it with what a new one is."""
        walk = cls(room, "", room.begun())
        walk._read = await walk._count()
        answer = await room.begin()
        walk._hold(answer.status < 300, None, f"does not begin: {answer.content.decode()}")
        walk.thing = room.name(answer)
        expected = []
        if room.opening is not None:
            step = step_of(room.machine, room.nothing(), room.opening.verb, room.facts(room.nothing(), room.opening))
            expected = [] if step is None else [step.entry]
        await walk._hold_entries(None, expected)
        await walk._compare()
        return walk

    async def take(self, act: Act) -> None:
        """Take one act. Raises Differs."""
        if act.verb == WAIT:
            await self._wait(act)
            return
        predicted = self.room.predict(self.room.machine, self.past, act)
        answer = await self.room.send(self.thing, act)
        self._hold(answer.status < 500, act, answer.content.decode())
        if predicted is None:
            self._hold(answer.status in REFUSALS, act, f"is not refused but {answer.status}")
            self._hold_reason(act, answer)
            await self._hold_entries(act, [])
            self.past = self.room.tried(self.past, act)
        else:
            self._hold(answer.status < 300, act, f"is refused: {answer.content.decode()}")
            self.past, step = predicted
            self.allowed[step.verb] = self.allowed.get(step.verb, 0) + 1
            await self._hold_entries(act, [step.entry])
        await self._compare(act)

    def _hold_reason(self, act: Act, answer: Answer) -> None:
        """Hold a refusal against what it has to say: the role, or the state, or what lacks."""
        past = self.room.standing(self.room.tried(self.past, act), act)
        meant = self.room.means(past, act)
        leaving = [step for step in self.room.machine.steps if step.verb == meant.verb and past.state in step.sources]
        if self.room.is_hidden(past, meant):
            self._hold(answer.status in {403, 404}, act, f"is not hidden: {answer.content.decode()}")
        elif meant.who not in self.room.may(meant.verb):
            self._hold(
                answer.status in {403, 404}, act, f"is refused otherwise than by role: {answer.content.decode()}"
            )
        elif not leaving:
            says = (answer.problem, answer.json.get("state"))
            self._hold(says == ("conflict", past.state), act, f"is refused otherwise than by state: {says}")
        else:
            lacking = set(leaving[0].needs - self.room.facts(past, meant))
            self._hold(
                self.room.names_lack(answer, lacking), act, f"does not name {lacking}: {answer.content.decode()}"
            )

    async def _wait(self, act: Act) -> None:
        span = WAITS[act.who]
        self.past, steps = self.room.predict_wait(self.room.machine, self.past, span)
        self.room.exchange.clock.move(span)
        await self.room.pass_time()
        await self.room.exchange.sweep()
        for step in steps:
            self.allowed[step.verb] = self.allowed.get(step.verb, 0) + 1
        await self._hold_entries(act, [step.entry for step in steps])
        await self._compare(act, is_swept=True)

    def _hold(self, holds: bool, act: Act | None, what: object) -> None:  # noqa: FBT001 - an assertion with its reason
        if not holds:
            raise Differs(f"{self.room.machine.name}: {act} on {self.past}: {what}")

    async def _hold_entries(self, act: Act | None, expected: list[str]) -> None:
        async with self.room.exchange.runtime.database.pool.acquire() as connection:
            rows = await connection.fetch("SELECT leaf FROM ledger_entry WHERE seq >= $1 ORDER BY seq", self._read)
        self._read += len(rows)
        bodies = [json.loads(row["leaf"])["body"] for row in rows]
        types = [body["type"] for body in bodies if self.room.is_about(self.thing, body)]
        self._hold(types == expected, act, f"has the entries {types} and not {expected}")

    async def _count(self) -> int:
        async with self.room.exchange.runtime.database.pool.acquire() as connection:
            return int(await connection.fetchval("SELECT size FROM ledger_head"))

    async def _compare(self, act: Act | None = None, *, is_swept: bool = False) -> None:
        state = await self.room.read(self.thing)
        self._hold(state == self.past.state, act, f"the state is {state}")
        async with self.room.exchange.runtime.database.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT clock, due, paused_at, overdue_at FROM deadlines "
                "WHERE matter_kind = $1 AND matter_id::text = $2 AND ended_at IS NULL ORDER BY clock",
                self.room.matter,
                self.thing,
            )
        clocks = [(row["clock"], None if row["paused_at"] else row["due"]) for row in rows]
        expected = [(clock.name, None if clock.since else clock.due) for clock in self.past.clocks]
        self._hold(clocks == expected, act, f"has the clocks {clocks} and not {expected}")
        if is_swept:
            late = {row["clock"] for row in rows if row["overdue_at"]}
            over = {clock.name for clock in self.past.clocks if clock.is_over(self.past.now)}
            self._hold(late == over, act, f"are overdue: {late} and not {over}")


Outcome: TypeAlias = tuple[Past, Sequence[str]]


class Reached(NamedTuple):
    """An act that a walk by the true table may take, after the fewest acts, and what follows from it."""

    past: Past
    path: list[Act]
    act: Act
    outcome: Outcome


def explore(room: Room, *, depth: int = 7) -> list[Reached]:
    """All that walks of a few acts reach, shorter walks first."""
    acts = [act for act in room.acts() if act.verb != WAIT or act.who == "long"]
    paths = deque([(room.begun(), list[Act]())])
    reached, seen = list[Reached](), set()
    while paths:
        past, path = paths.popleft()
        if len(path) == depth:
            continue
        for act in acts:
            outcome = _outcome(room, room.machine, past, act)
            reached.append(Reached(past, path, act, outcome))
            following = outcome[0]
            late = tuple((clock.name, clock.is_over(following.now), bool(clock.since)) for clock in following.clocks)
            waited = sum(taken.verb == WAIT for taken in [*path, act])
            key = (following.state, frozenset(dict(following.marks)), late, waited)
            if key not in seen and waited <= 3:
                seen.add(key)
                paths.append((following, [*path, act]))
    return reached


def distinguish(room: Room, reached: Sequence[Reached], mutant: Machine) -> list[Act] | None:
    """The fewest acts after which a table and a changed one predict different things; None where there are none."""
    if room.opening is not None:
        nothing = room.nothing()
        if _outcome(room, room.machine, nothing, room.opening) != _outcome(room, mutant, nothing, room.opening):
            return []
    # An act depends on the steps of its verb alone, and a wait on those that time takes.
    changed = {step.verb for step in set(room.machine.steps) ^ set(mutant.steps)}
    for past, path, act, outcome in reached:
        if act.verb != WAIT and room.means(past, act).verb not in changed:
            continue
        if outcome != _outcome(room, mutant, past, act):
            return [*path, act]
    return None


def _outcome(room: Room, machine: Machine, past: Past, act: Act) -> Outcome:
    """What follows from an act by a table, and the entries; of a refusal, the same as before and none."""
    if act.verb == WAIT:
        following, steps = room.predict_wait(machine, past, WAITS[act.who])
        return following, [step.entry for step in steps]
    predicted = room.predict(machine, past, act)
    return (room.tried(past, act), ["refused"]) if predicted is None else (predicted[0], [predicted[1].entry])
