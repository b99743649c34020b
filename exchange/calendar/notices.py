"""A year's notice on holidays, checked: what the State Council's document has to contain before a year is loaded from it.

Nothing is guessed. The notice names the days off and the make-up days; every other day follows from the day of the week. The
checks find a document that was copied in part: days that the law fixes, the length of the Spring Festival, and the sum, since
each public holiday that falls on a rest day is made up for.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from ledger.format import canonical

SEEDED: Final = Path(__file__).with_name("years.csv")
"""The exceptions of the years that the database is seeded with."""
_DAY = timedelta(days=1)
_SATURDAY = 5
# Regulation on public holidays (全国年节及纪念日放假办法, as amended 2024): 13 days a year, of which these have fixed dates.
_PUBLIC_HOLIDAYS = 13
_FIXED = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
_LEEWAY = 2  # a holiday around New Year is shared by two years
_SPRING_FESTIVAL_DAYS = 7
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Days:
    """The exceptions of a year's weeks: weekdays off, and Saturdays and Sundays worked, each in order."""

    year: int
    off: tuple[date, ...]
    worked: tuple[date, ...]

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the exceptions as canonical JSON: the same for every document that says the same."""
        plain = {"off": [str(day) for day in self.off], "worked": [str(day) for day in self.worked], "year": self.year}
        return hashlib.sha256(canonical.dumps(plain)).hexdigest()

    @property
    def first(self) -> date:
        """The first day that a load of these exceptions may change; a notice reaches into the December before."""
        return min((date(self.year, 1, 1), *self.off, *self.worked))

    def all(self) -> Iterator[tuple[date, bool]]:
        """Every day from `first` to the end of the year, with whether it is worked."""
        off, worked = set(self.off), set(self.worked)
        day = self.first
        while day.year <= self.year:
            yield day, day in worked or (day.weekday() < _SATURDAY and day not in off)
            day += _DAY


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday of a notice: its name, its first and its last day off, rest days included."""

    name: str
    first: date
    last: date

    def days(self) -> Iterator[date]:
        """The days from the first to the last."""
        return (self.first + _DAY * number for number in range((self.last - self.first).days + 1))


def days_of(year: int, holidays: Iterable[Holiday], workdays: Iterable[date]) -> Days:
    """The exceptions that a notice makes."""
    off = {day for holiday in holidays for day in holiday.days() if day.weekday() < _SATURDAY}
    return Days(year, tuple(sorted(off)), tuple(sorted(set(workdays))))


def find_faults(year: int, holidays: Iterable[Holiday], workdays: Iterable[date]) -> list[dict[str, str]]:
    """Find the faults of a notice as it was entered; none if it may be loaded."""
    holidays, workdays = list(holidays), list(workdays)
    faults = [*_faults_in_holidays(year, holidays), *_faults_in_workdays(year, holidays, workdays)]
    return faults or list(_gaps(year, holidays, workdays))


def _is_of(year: int, day: date) -> bool:
    return day.year == year or (day.year == year - 1 and day >= date(day.year, 12, 20))


def _faults_in_holidays(year: int, holidays: list[Holiday]) -> Iterator[dict[str, str]]:
    seen: set[date] = set()
    for number, holiday in enumerate(holidays):
        at = f"holidays[{number}]"
        if holiday.last < holiday.first or (holiday.last - holiday.first).days >= _LONGEST:
            yield {"at": at, "error": f"a holiday ends on or after its first day, and within {_LONGEST} days"}
            continue
        if not (_is_of(year, holiday.first) and _is_of(year, holiday.last)):
            yield {
                "at": at,
                "error": f"a holiday of the notice for {year} lies in {year}, or in the last days of {year - 1}",
            }
        if seen & set(holiday.days()):
            yield {"at": at, "error": "it overlaps another holiday of the list"}
        seen.update(holiday.days())


def _faults_in_workdays(year: int, holidays: list[Holiday], workdays: list[date]) -> Iterator[dict[str, str]]:
    off = {day for holiday in holidays if (holiday.last - holiday.first).days < _LONGEST for day in holiday.days()}
    for number, day in enumerate(workdays):
        at = f"workdays[{number}]"
        if day.weekday() < _SATURDAY:
            yield {"at": at, "error": f"{day} is a weekday; a make-up day is a Saturday or a Sunday"}
        if day in off:
            yield {"at": at, "error": f"{day} is a day off in the same notice"}
        if not _is_of(year, day):
            yield {
                "at": at,
                "error": f"a make-up day of the notice for {year} lies in {year}, or in the last days of {year - 1}",
            }
        if day in workdays[:number]:
            yield {"at": at, "error": f"{day} is in the list twice"}


def _gaps(year: int, holidays: list[Holiday], workdays: list[date]) -> Iterator[dict[str, str]]:
    off = {day for holiday in holidays for day in holiday.days()}
    for month, number in _FIXED:
        if date(year, month, number) not in off:
            yield {"at": "holidays", "error": f"{date(year, month, number)} is a public holiday by law and is missing"}
    if not any(holiday.first.month <= 2 and len(list(holiday.days())) >= _SPRING_FESTIVAL_DAYS for holiday in holidays):  # noqa: PLR2004 - February
        yield {"at": "holidays", "error": f"the Spring Festival, {_SPRING_FESTIVAL_DAYS} days or more, is missing"}
    lost = sum(day.weekday() < _SATURDAY for day in off) - len(workdays)
    if abs(lost - _PUBLIC_HOLIDAYS) > _LEEWAY:
        error = (
            f"{lost} weekdays of the year would not be worked, less make-up days; by law it is about {_PUBLIC_HOLIDAYS}"
        )
        yield {"at": "workdays", "error": f"{error}, so a holiday or a make-up day is missing, or one is too many"}


def read_seeded(last: int | None = None) -> list[Days]:
    """The years that the database is seeded with, up to `last`. Raises ValueError for a file of another form."""
    rows = csv.DictReader(line for line in SEEDED.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    years = [Days(int(row["year"]), _runs(row["year"], row["off"]), _runs(row["year"], row["worked"])) for row in rows]
    return [days for days in years if last is None or days.year <= last]


def _runs(year: str, text: str) -> tuple[date, ...]:
    days: list[date] = []
    for run in text.split():
        first, _, last = run.partition("/")
        day, end = date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last or first}")
        while day <= end:
            days.append(day)
            day += _DAY
    return tuple(days)


def title_of(year: int) -> str:
    """The title of the notice of a seeded year."""
    return f"国务院办公厅关于{year}年部分节假日安排的通知"
