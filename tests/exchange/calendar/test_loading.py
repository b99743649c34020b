"""Loading a year: entered by one person, confirmed by another, checked, on the ledger, and settling open deadlines."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from exchange.calendar import deadlines, queries
from exchange.calendar.counting import Matter
from exchange.calendar.notices import Holiday, days_of, find_faults, read_seeded
from tests.support.exchanges.exchange import Exchange
from tests.support.work.calendar_years import HOLIDAYS, WORKDAYS, notice

YEARS = "/api/v1/calendar/years"


async def load(exchange: Exchange, **changes: Any) -> Any:
    entered = await exchange.call_ok(exchange.keys["operator"], "POST", YEARS, notice(**changes))
    return await exchange.call_ok(
        exchange.keys["security"], "POST", f"{YEARS}/2027/confirmation", {"days": entered["days"]}
    )


async def test_two_people_load_a_year_and_the_ledger_has_its_digest(exchange: Exchange) -> None:
    entered = await exchange.call_ok(exchange.keys["operator"], "POST", YEARS, notice())
    assert entered["state"] == "entered"
    assert (await exchange.call(exchange.keys["operator"], "GET", f"{YEARS}/2027")).problem == "not-found"
    own = await exchange.call(
        exchange.keys["operator"], "POST", f"{YEARS}/2027/confirmation", {"days": entered["days"]}
    )
    assert own.problem == "confirmed-by-another"
    other = await exchange.call(exchange.keys["security"], "POST", f"{YEARS}/2027/confirmation", {"days": "0" * 64})
    assert other.problem == "conflict"
    loaded = await exchange.call_ok(
        exchange.keys["security"], "POST", f"{YEARS}/2027/confirmation", {"days": entered["days"]}
    )
    assert loaded["state"] == "loaded"
    bodies = [body for body in await exchange.read_entries() if body["type"].startswith("calendar.")]
    assert [body["type"] for body in bodies] == ["calendar.entered", "calendar.loaded"]
    assert bodies[1]["object"] == {"kind": "calendar", "id": "2027"}
    assert bodies[1]["days"] == entered["days"]
    assert bodies[1]["document"] == "ab" * 32
    assert bodies[1]["entered_by"] == await exchange.find_principal(exchange.keys["operator"])
    days = await exchange.call_ok(exchange.keys["auditor"], "GET", f"{YEARS}/2027")
    assert [row["day"] for row in days if row["is_workday"]] == sorted(WORKDAYS)
    calendar = await exchange.call_ok(exchange.keys["auditor"], "GET", "/api/v1/calendar")
    assert calendar["last"] == "2027-12-31"
    assert calendar["entered"] == []


async def test_a_document_that_is_entered_again_replaces_the_one_that_waits(exchange: Exchange) -> None:
    first = await exchange.call_ok(exchange.keys["operator"], "POST", YEARS, notice())
    second = await exchange.call_ok(exchange.keys["operator"], "POST", YEARS, notice(workdays=WORKDAYS[1:]))
    assert first["days"] != second["days"]
    stale = await exchange.call(
        exchange.keys["security"], "POST", f"{YEARS}/2027/confirmation", {"days": first["days"]}
    )
    assert stale.problem == "conflict"
    await exchange.call_ok(exchange.keys["security"], "POST", f"{YEARS}/2027/confirmation", {"days": second["days"]})


async def test_loading_settles_provisional_deadlines_and_corrects_open_ones(exchange: Exchange) -> None:
    matters = [Matter("application", uuid4()) for _ in range(3)]
    starts = [
        datetime(2026, 12, 30, 2, tzinfo=UTC),
        datetime(2026, 12, 1, 2, tzinfo=UTC),
        datetime(2026, 12, 30, 2, tzinfo=UTC),
    ]
    async with exchange.runtime.database.sessions() as session:
        for matter, at in zip(matters, starts, strict=True):
            await deadlines.start(session, matter, "reply", parameter="reply_conditional", organisation=None, at=at)
        await deadlines.stop(session, matters[2], "reply", at=starts[2], outcome="answered")
        await session.commit()
    assert (await exchange.call_ok(exchange.keys["operator"], "GET", "/api/v1/calendar"))["provisional"] == 1
    await load(exchange)
    assert [body["settled"] for body in await exchange.read_entries() if body["type"] == "calendar.loaded"] == [1]
    async with exchange.runtime.database.sessions() as session:
        views = await queries.deadlines_of(session, matters)
    assert [view.due for [view] in views.values()] == [date(2027, 1, 14), date(2026, 12, 15), None]


async def test_a_notice_that_reaches_into_december_changes_days_due_there(exchange: Exchange) -> None:
    matter = Matter("application", uuid4())
    at = datetime(2026, 12, 24, 2, tzinfo=UTC)
    async with exchange.runtime.database.sessions() as session:
        before = await deadlines.start(
            session, matter, "reply", parameter="catalog_update_ext", organisation=None, at=at
        )
        await session.commit()
    assert before.due == date(2026, 12, 31)
    holidays = [{"name": "元旦", "first": "2026-12-31", "last": "2027-01-02"}, *HOLIDAYS[1:]]
    try:
        await load(exchange, holidays=holidays, workdays=[*WORKDAYS, "2026-12-27"])
        async with exchange.runtime.database.sessions() as session:
            [after] = (await queries.deadlines_of(session, [matter]))[matter]
        assert after.due == date(2026, 12, 30)
        async with exchange.runtime.database.pool.acquire() as connection:
            rows = await connection.fetch("SELECT is_workday, nth FROM work_calendar ORDER BY day")
        nth = 0
        for row in rows:
            nth += row["is_workday"]
            assert row["nth"] == nth
    finally:
        await _restore_december(exchange)


async def _restore_december(exchange: Exchange) -> None:
    [seeded] = [year for year in read_seeded() if year.year == 2026]
    async with exchange.runtime.database.sessions() as session:
        await queries.write_days(session, seeded, source="国务院办公厅关于2026年部分节假日安排的通知", now=exchange.now)
        await session.commit()


@pytest.mark.parametrize(
    ("changes", "at", "error"),
    [
        ({"workdays": [*WORKDAYS, "2027-03-01"]}, "workdays[5]", "a make-up day is a Saturday or a Sunday"),
        ({"workdays": [*WORKDAYS, "2027-02-06"]}, "workdays[5]", "a day off in the same notice"),
        ({"workdays": [*WORKDAYS, WORKDAYS[0]]}, "workdays[5]", "twice"),
        ({"workdays": [*WORKDAYS, "2028-01-08"]}, "workdays[5]", "lies in 2027"),
        ({"workdays": []}, "workdays", "missing"),
        ({"holidays": HOLIDAYS[:-1]}, "holidays", "2027-10-01 is a public holiday by law"),
        ({"holidays": HOLIDAYS[:1] + HOLIDAYS[2:]}, "holidays", "Spring Festival"),
        ({"holidays": [*HOLIDAYS, HOLIDAYS[0]]}, "holidays[7]", "overlaps"),
        ({"holidays": [*HOLIDAYS, {"name": "x", "first": "2027-08-02", "last": "2027-08-01"}]}, "holidays[7]", "ends"),
        (
            {"holidays": [*HOLIDAYS, {"name": "x", "first": "2027-08-01", "last": "2027-08-31"}]},
            "holidays[7]",
            "within",
        ),
        ({"holidays": [*HOLIDAYS, {"name": "x", "first": "2026-08-03", "last": "2026-08-03"}]}, "holidays[7]", "2027"),
    ],
)
async def test_a_document_that_is_no_whole_notice_is_refused(
    exchange: Exchange, changes: dict[str, Any], at: str, error: str
) -> None:
    answer = await exchange.call(exchange.keys["operator"], "POST", YEARS, notice(**changes))
    assert answer.problem == "notice-invalid"
    assert any(fault["at"] == at and error in fault["error"] for fault in answer.json["errors"]), answer.json["errors"]


async def test_years_are_loaded_in_order(exchange: Exchange) -> None:
    moved = [
        {**holiday, "first": holiday["first"].replace("2027", "2028"), "last": holiday["last"].replace("2027", "2028")}
        for holiday in HOLIDAYS
    ]
    workdays = ["2028-02-19", "2028-05-07", "2028-09-24", "2028-10-14", "2028-01-29"]
    answer = await exchange.call(
        exchange.keys["operator"], "POST", YEARS, notice(year=2028, holidays=moved, workdays=workdays)
    )
    assert answer.problem == "conflict"
    assert "2027" in answer.json["detail"]


def test_the_notices_of_the_present_law_would_be_accepted() -> None:
    """The seeded years under the law of 2024 pass the checks of the document, with their weekends added."""
    seeded = {year.year: year for year in read_seeded()}
    for number in (2025, 2026):
        holidays = [Holiday("x", day, day) for day in seeded[number].off]
        faults = find_faults(number, holidays, seeded[number].worked)
        # Single days know no festival of a week and no holiday on a weekend; nothing else is wrong.
        assert {fault["error"].split()[-1] for fault in faults} <= {"missing"}
        assert days_of(number, holidays, seeded[number].worked) == seeded[number]


async def test_a_deadline_that_starts_while_a_year_is_loaded_is_settled(exchange: Exchange) -> None:
    """The load waits for a transaction that computed a day due before it, or the transaction for the load."""
    entered = await exchange.call_ok(exchange.keys["operator"], "POST", YEARS, notice())
    matter, at = Matter("application", uuid4()), datetime(2026, 12, 31, 2, tzinfo=UTC)
    sessions = exchange.runtime.database.sessions
    async with sessions() as session:
        started = await deadlines.start(session, matter, "provide", parameter="provide", organisation=None, at=at)
        assert started.is_provisional
        loading = asyncio.create_task(
            exchange.call_ok(exchange.keys["security"], "POST", f"{YEARS}/2027/confirmation", {"days": entered["days"]})
        )
        async with exchange.runtime.database.pool.acquire() as connection:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            async with asyncio.timeout(30):
                while not await connection.fetchval(waiting):
                    pass
        assert not loading.done()
        await session.commit()
    await loading
    async with sessions() as session:
        [view] = (await queries.deadlines_of(session, [matter]))[matter]
    assert view.due is not None
