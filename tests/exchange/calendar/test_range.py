"""The alarm of a calendar that ends soon, which every process shows in its readiness."""

from datetime import date

from exchange.calendar import queries
from exchange.calendar.tasks import CalendarRange
from tests.support.exchanges.exchange import Exchange


async def test_a_calendar_that_ends_soon_is_an_alarm(exchange: Exchange) -> None:
    seen = CalendarRange()
    assert seen.alarm() is None
    async with exchange.runtime.database.pool.acquire() as connection:
        remaining = await queries.remaining(connection, date(2026, 6, 1))
        assert not remaining.is_short
        await seen.look(connection, date(2026, 6, 1))
        assert seen.alarm() is None
        await seen.look(connection, date(2026, 12, 1))
        assert "ends in 22 working days" in (seen.alarm() or "")
        await seen.look(connection, date(2027, 1, 2))
        assert "ends in 0 working days" in (seen.alarm() or "")


async def test_the_operator_sets_how_early(exchange: Exchange) -> None:
    value = {"value": 10, "source": "x", "verified": False, "effective_from": "2026-01-01"}
    await exchange.call_ok(exchange.keys["operator"], "PUT", "/api/v1/calendar/parameters/calendar_short", value)
    async with exchange.runtime.database.pool.acquire() as connection:
        assert not (await queries.remaining(connection, date(2026, 12, 1))).is_short
        assert (await queries.remaining(connection, date(2026, 12, 25))).is_short
