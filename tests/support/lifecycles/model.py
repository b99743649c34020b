"""What a lifecycle's table predicts of an act: the state, the clocks and the entry that follow, or that it is refused.

The model counts days by itself, from the exceptions of the year that tests load, so that it can be held against the rooms.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from exchange.calendar.counting import day_of, end_of
from exchange.calendar.parameters import PARAMETERS
from groundwork.lifecycle import Machine, Step
from tests.support.sharing.departments import LAST_YEAR, YEAR, exceptions

_DAY = timedelta(days=1)


class Act(NamedTuple):
    """One act: a verb by somebody. `variant` is another way to ask, such as the fact that the request leaves out."""

    verb: str
    who: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs: how many days are counted from the day after `start`. `paused` are days that do not count.

    `since` is the first day of a pause that goes on.
    """

    name: str
    parameter: str
    start: date
    extra: int = 0
    paused: frozenset[date] = frozenset()
    since: date | None = None

    def pause(self, day: date) -> "Running":
        """From this day on, no day counts."""
        return replace(self, since=day)

    def resume(self, day: date) -> "Running":
        """Counting goes on with the day after this one."""
        first = self.since or day
        days = {first + number * _DAY for number in range((day - first).days + 1)}
        return replace(self, paused=self.paused | days, since=None)

    @property
    def due(self) -> date | None:
        """The last day, counted day by day; None beyond the years that are loaded."""
        period = PARAMETERS[self.parameter]
        if period.unit == "mo":
            return _move(_in_months(self.start, period.value))
        left, day = period.value + self.extra, self.start
        while left:
            day += _DAY
            if day.year > LAST_YEAR:
                return None
            left -= day not in self.paused and (period.unit == "d" or is_worked(day))
        return day if period.unit == "wd" else _move(day)

    def is_over(self, now: datetime) -> bool:
        """Whether the last day is over."""
        return self.since is None and self.due is not None and now >= end_of(self.due)


def is_worked(day: date) -> bool:
    """Whether people work on a day of the years that tests load."""
    off, worked = exceptions(day.year)
    return day in worked or (day.weekday() < 5 and day not in off)


def _in_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + (day.day - 1) * _DAY, following - _DAY)


def _move(day: date) -> date | None:
    """A rest day moves to the next working day; None where that day is not loaded."""
    while day.year <= LAST_YEAR and not is_worked(day):
        day += _DAY
    return day if YEAR <= day.year <= LAST_YEAR else None


@dataclass(frozen=True, slots=True)
class Past:
    """What has become of a thing: its state, its clocks, and what else a later step depends on, by name."""

    state: str
    now: datetime
    clocks: tuple[Running, ...] = ()
    marks: frozenset[tuple[str, object]] = frozenset()

    def clock(self, name: str) -> Running | None:
        """A clock that runs."""
        return next((clock for clock in self.clocks if clock.name == name), None)

    def is_over(self, name: str) -> bool:
        """Whether the last day of a clock that runs is over."""
        clock = self.clock(name)
        return clock is not None and clock.is_over(self.now)

    def mark(self, name: str) -> object:
        """The value of a mark; None where there is none."""
        return dict(self.marks).get(name)

    def with_mark(self, name: str, value: object) -> "Past":
        """The same with a mark set."""
        return replace(self, marks=frozenset({**dict(self.marks), name: value}.items()))

    def with_clock(self, clock: Running) -> "Past":
        """The same with a clock begun, or begun anew."""
        others = [other for other in self.clocks if other.name != clock.name]
        return replace(self, clocks=tuple(sorted([*others, clock], key=lambda each: each.name)))

    def without(self, names: Collection[str]) -> "Past":
        """The same without some clocks."""
        return replace(self, clocks=tuple(clock for clock in self.clocks if clock.name not in names))

    def extend(self, name: str, days: int) -> "Past":
        """The same with a clock extended."""
        clock = self.clock(name)
        return self if clock is None else self.with_clock(replace(clock, extra=clock.extra + days))

    def start(self, name: str, parameter: str) -> "Past":
        """The same with a clock begun now."""
        return self.with_clock(Running(name, parameter, day_of(self.now)))


def step_of(machine: Machine, past: Past, verb: str, facts: Collection[str]) -> Step | None:
    """The step that a table has for a verb; None where it refuses it. Written apart from the engine that rooms use."""
    for step in machine.steps:
        if step.verb == verb and past.state in step.sources:
            return step if step.needs <= set(facts) else None
    return None


def roles_of(machine: Machine, verb: str) -> set[str]:
    """Who takes the steps of a verb, in the table's words."""
    return {step.role for step in machine.steps if step.verb == verb}
