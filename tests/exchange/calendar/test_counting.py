"""Counting days: the calendar holds every day of the notices, and a last day is that of counting day by day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.calendar import queries
from exchange.calendar.counting import day_of, end_of
from exchange.calendar.notices import read_seeded
from exchange.kernel.database import arguments
from tests.support.exchanges.exchange import Exchange

FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def last_day(start: date, number: int, unit: str) -> date | None:
    """Count day by day, with the calendar of another project; None where that does not know a day."""
    day = start
    if unit == "wd":
        while number:
            day += timedelta(days=1)
            if day > LAST:
                return None
            number -= chinese_calendar.is_workday(day)
        return day
    if unit == "d":
        day += timedelta(days=number)
    else:
        months = start.month - 1 + number * (12 if unit == "y" else 1)
        year, month = start.year + months // 12, months % 12 + 1
        length = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
        day = date(year, month, min(start.day, length))
    while day <= LAST and not chinese_calendar.is_workday(day):
        day += timedelta(days=1)
    return day if day <= LAST else None


async def due(exchange: Exchange, start: date, number: int, unit: str = "wd") -> date | None:
    async with exchange.runtime.database.sessions() as session:
        return await queries.due(session, start, number, unit)


async def test_the_calendar_is_that_of_the_notices_on_every_day(exchange: Exchange) -> None:
    async with exchange.runtime.database.pool.acquire() as connection:
        rows = await connection.fetch("SELECT day, is_workday, nth FROM work_calendar ORDER BY day")
    assert [(row["day"], row["is_workday"]) for row in rows] == [
        (day, chinese_calendar.is_workday(day)) for day in days(FIRST, LAST)
    ]
    nth = 0
    for row in rows:
        nth += row["is_workday"]
        assert row["nth"] == nth


def test_seeded_years_name_exceptions_only() -> None:
    for year in read_seeded():
        assert all(day.weekday() < 5 for day in year.off)
        assert all(day.weekday() >= 5 for day in year.worked)
        assert {day.year for day in (*year.off, *year.worked)} == {year.year}


async def test_one_working_day_from_a_friday_ends_on_the_make_up_saturday(exchange: Exchange) -> None:
    """A request for data shared without conditions, received on Friday 2026-02-13, is answered by Saturday 2026-02-14."""
    assert await due(exchange, date(2026, 2, 13), 1) == date(2026, 2, 14)
    received = datetime(2026, 2, 13, 9, 30, tzinfo=UTC)
    answer = await exchange.call_ok(
        exchange.keys["operator"],
        "GET",
        f"/api/v1/calendar/parameters/reply_unconditional/last-day?at={received:%Y-%m-%dT%H:%M:%SZ}",
    )
    assert answer["due"] == "2026-02-14"
    assert answer["counted_from"] == "2026-02-13"
    assert not answer["provisional"]


async def test_a_last_day_beyond_the_loaded_calendar_is_provisional_and_no_guess(exchange: Exchange) -> None:
    answer = await exchange.call_ok(
        exchange.keys["operator"],
        "GET",
        "/api/v1/calendar/parameters/provide/last-day?at=2026-12-30T01:00:00Z",
    )
    assert answer["due"] is None
    assert answer["provisional"] is True
    assert await due(exchange, date(2027, 3, 1), 1) is None
    assert await due(exchange, date(2026, 12, 30), 1) == date(2026, 12, 31)
    assert await due(exchange, date(2026, 12, 20), 20, "d") is None
    assert await due(exchange, date(2003, 12, 31), 1) is None


@pytest.mark.parametrize(
    ("start", "number", "unit", "last"),
    [
        ((2026, 2, 14), 1, "wd", (2026, 2, 24)),  # over the Spring Festival
        ((2026, 2, 16), 1, "wd", (2026, 2, 24)),  # from a day off
        ((2026, 2, 27), 1, "wd", (2026, 2, 28)),  # a make-up Saturday
        ((2026, 9, 30), 2, "wd", (2026, 10, 9)),  # over the National Day
        ((2026, 9, 30), 3, "wd", (2026, 10, 10)),  # which a make-up Saturday follows
        ((2025, 9, 27), 1, "wd", (2025, 9, 28)),  # a make-up Sunday
        ((2026, 1, 5), 60, "d", (2026, 3, 6)),
        ((2026, 1, 31), 17, "d", (2026, 2, 24)),  # moved from the Spring Festival
        ((2026, 2, 7), 7, "d", (2026, 2, 14)),  # a make-up Saturday does not move it
        ((2026, 1, 31), 1, "mo", (2026, 2, 28)),  # no such day: the month's last, a make-up Saturday
        ((2024, 2, 29), 1, "y", (2025, 2, 28)),
    ],
)
async def test_last_days_around_holidays(
    exchange: Exchange, start: Any, number: int, unit: str, last: tuple[int, int, int]
) -> None:
    assert await due(exchange, date(*start), number, unit) == date(*last)
    assert last_day(date(*start), number, unit) == date(*last)


PERIODS = st.one_of(
    st.tuples(st.just("wd"), st.integers(1, 40)),
    st.tuples(st.just("d"), st.integers(1, 90)),
    st.tuples(st.just("mo"), st.integers(1, 12)),
    st.tuples(st.just("y"), st.integers(1, 3)),
)


@given(st.lists(st.tuples(st.dates(FIRST, LAST), PERIODS), min_size=20, max_size=60))
async def test_a_last_day_is_that_of_counting_day_by_day(database_url: str, cases: list[Any]) -> None:
    starts, units, numbers = (
        [start for start, _ in cases],
        [unit for _, (unit, _) in cases],
        [number for _, (_, number) in cases],
    )
    connection = await _connection(database_url)
    try:
        rows = await connection.fetch(
            "SELECT calendar_due(start, days, unit) AS due FROM unnest($1::date[], $2::integer[], $3::text[]) "
            "WITH ORDINALITY AS given (start, days, unit, place) ORDER BY place",
            starts,
            numbers,
            units,
        )
    finally:
        await connection.close()
    due_days = [row["due"] for row in rows]
    assert due_days == [last_day(start, number, unit) for start, (unit, number) in cases]


async def _connection(url: str) -> Any:
    return await asyncpg.connect(**arguments(url))


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-02-13T15:59:59+00:00", "2026-02-13"),
        ("2026-02-13T16:00:00+00:00", "2026-02-14"),
        ("2026-02-13T23:30:00+08:00", "2026-02-13"),
    ],
)
def test_a_day_begins_and_ends_in_china(at: str, day: str) -> None:
    assert str(day_of(datetime.fromisoformat(at))) == day
    assert day_of(end_of(date.fromisoformat(day))) == date.fromisoformat(day) + timedelta(days=1)
