"""The terms of records and of publicities: how long a record is valid, when it can be renewed, when a publicity ends.

Those of records (Articles 26 and 32 to 37) are days of the calendar without regard to rest days: nobody has to act on
the last one.
"""

import calendar as months
from collections.abc import Iterable, Mapping
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


async def renewal_windows(session: AsyncSession, ends: Iterable[date], today: date) -> Mapping[date, tuple[date, date]]:
    """The first and the last day on which a renewal can be filed, by a record's last day, which is never one of them."""
    window = await calendar.parameter(session, "prop_renew_window", today)
    return {end: (move(end, by_months=-window.value), end - timedelta(days=1)) for end in ends}


async def publicity_until(session: AsyncSession, begun: date | None) -> date | None:
    """The last day of a publicity; None before it, and where the calendar does not reach it."""
    return (await publicities_until(session, [begun]))[begun]


async def publicities_until(session: AsyncSession, begun: Iterable[date | None]) -> Mapping[date | None, date | None]:
    """The last days of publicities, by the days on which they begin. The calendar is asked once for each such day."""
    ends: dict[date | None, date | None] = {None: None}
    for day in begun:
        if day is not None and day not in ends:
            period = await calendar.parameter(session, "prop_publicity", day)
            ends[day] = await calendar.due(session, day, period.value, period.unit)
    return ends
