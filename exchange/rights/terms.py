"""The terms of records: how long one is valid, and when it can be renewed (Articles 26 and 32 to 37).

They are days of the calendar without regard to rest days: nobody has to act on the last one.
"""

import calendar as months
from datetime import date, timedelta

from exchange.calendar import queries as calendar
from exchange.kernel.database import AsyncSession


def move(day: date, *, years: int = 0, by_months: int = 0) -> date:
    """The corresponding day of another month, or its last day where the month is shorter."""
    count = (day.year + years) * 12 + day.month - 1 + by_months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, months.monthrange(year, month)[1]))


async def last_day(session: AsyncSession, deposited_on: date, wanted: date | None) -> date:
    """The last day of a record that is deposited on a day: the one wanted, at most the longest term."""
    longest = await calendar.parameter(session, "prop_valid_max", deposited_on)
    latest = move(deposited_on, years=longest.value)
    return latest if wanted is None else min(wanted, latest)


async def renewal_window(session: AsyncSession, valid_until: date, today: date) -> tuple[date, date]:
    """The first and the last day on which a renewal can be filed: never the record's own last day."""
    window = await calendar.parameter(session, "prop_renew_window", today)
    return move(valid_until, by_months=-window.value), valid_until - timedelta(days=1)
