"""Days of deadlines: in which time zone a day ends, and a deadline as a value that other rooms see.

The day of an event is not counted (Civil Code Art. 201). A working day is a row of the calendar. Periods in calendar days,
months and years end on the corresponding day (Art. 202) and move from a rest day to the next working day (Art. 203).
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final, NamedTuple
from uuid import UUID

from exchange.calendar.parameters import Unit

CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The time zone in which days begin and end: without summer time since 1991."""


def day_of(at: datetime) -> date:
    """The day in Asia/Shanghai of an aware time."""
    return at.astimezone(CHINA).date()


def end_of(day: date) -> datetime:
    """The end of a day, 24:00 in Asia/Shanghai, as a time in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA).astimezone(UTC)


class Matter(NamedTuple):
    """The object of a deadline: a kind, such as `application`, and its id."""

    kind: str
    id: UUID


class DeadlineView(NamedTuple):
    """A deadline as other rooms see it. `due` is the last day; None: provisional, until that year's calendar is loaded.

    `organisation` is the one that has to act; None: the exchange. `extension` is None or has `days`, `article`, `consent`,
    `by` and `at`. `days` includes those of the extension and of pauses.
    """

    id: UUID
    matter: Matter
    organisation: UUID | None
    clock: str
    parameter: str
    article: str
    started_at: datetime
    counted_from: date
    days: int
    unit: Unit
    due: date | None
    paused_at: datetime | None
    extension: dict[str, Any] | None
    told_at: datetime | None
    overdue_at: datetime | None
    ended_at: datetime | None
    outcome: str | None

    @property
    def is_provisional(self) -> bool:
        """Whether the day due is not known, because it lies beyond the calendar's loaded years."""
        return self.due is None

    @property
    def ends_at(self) -> datetime | None:
        """The moment after which it is overdue: 24:00 in Asia/Shanghai of the day due, in UTC."""
        return None if self.due is None else end_of(self.due)

    def is_overdue(self, now: datetime) -> bool:
        """Whether the day due is over and nothing ended the deadline before."""
        ends_at = self.ends_at
        return self.paused_at is None and ends_at is not None and (self.ended_at or now) >= ends_at
