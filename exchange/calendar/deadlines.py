"""Deadlines of matters: other rooms start, stop, pause and extend them in the transaction of the act that does so.

Each function changes rows only. The act's own entry states what happened; `deadline.overdue` is written by the sweep
(`exchange/calendar/tasks.py`).
"""

from datetime import datetime, timedelta
from uuid import UUID

from exchange.calendar import queries
from exchange.calendar.counting import DeadlineView, Matter, day_of
from exchange.calendar.errors import CalendarMissing, DeadlinePassed, ExtensionRefused
from exchange.calendar.models import Deadline
from exchange.calendar.parameters import UNITS
from exchange.calendar.queries import view_of
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id

_COUNTED = ("wd", "d")


async def start(
    session: AsyncSession,
    matter: Matter,
    clock: str,
    *,
    parameter: str,
    organisation: UUID | None,
    at: datetime,
    article: str | None = None,
    extra_days: int = 0,
) -> DeadlineView:
    """Start a clock of a matter: the period of a parameter, counted from the day after `at`.

    `organisation` has to act; None: the exchange. `article` is the parameter's source unless given. `extra_days` lengthen the
    period in its unit, as where it counts from a later working day that the calendar may not have yet. Raises NotFound for an
    unknown parameter, ValueError for one that is no period, Conflict at the commit where the clock runs already.
    """
    await queries.share_days(session)
    counted_from = day_of(at)
    period = await queries.parameter(session, parameter, counted_from)
    if period.unit == "md":
        raise ValueError(f"the parameter {parameter} is a day of the year and no period")
    row = Deadline(
        id=new_id(),
        matter_kind=matter.kind,
        matter_id=matter.id,
        organisation_id=organisation,
        clock=clock,
        parameter=parameter,
        article=article or period.source,
        started_at=at,
        counted_from=counted_from,
        days=period.value,
        unit=period.unit,
        extra_days=extra_days,
        due=await queries.due(session, counted_from, period.value + extra_days, period.unit),
    )
    session.add(row)
    await session.flush()
    return view_of(row)


async def find_open(session: AsyncSession, matter: Matter, clock: str) -> DeadlineView | None:
    """A matter's clock that has not ended, locked, also where it is paused or over. None where it does not run."""
    row = await queries.open_row(session, matter, clock)
    return None if row is None else view_of(row)


async def stop(session: AsyncSession, matter: Matter, clock: str, *, at: datetime, outcome: str) -> DeadlineView | None:
    """End a matter's clock: what it was for has happened, or cannot any more. None where the clock does not run."""
    row = await queries.open_row(session, matter, clock)
    return None if row is None else await _end(session, row, at=at, outcome=outcome)


async def stop_all(session: AsyncSession, matter: Matter, *, at: datetime, outcome: str) -> list[DeadlineView]:
    """End every clock of a matter that runs, as when the matter itself ends."""
    return [await _end(session, row, at=at, outcome=outcome) for row in await queries.open_rows(session, matter)]


async def _end(session: AsyncSession, row: Deadline, *, at: datetime, outcome: str) -> DeadlineView:
    row.ended_at, row.outcome = at, outcome
    await session.flush()
    return view_of(row)


async def pause(session: AsyncSession, matter: Matter, clock: str, *, at: datetime) -> DeadlineView:
    """Pause a clock: from the day of `at` on, that day included, no day is counted until it resumes.

    Raises DeadlinePassed where it does not run, ValueError for a period in months or years.
    """
    row = await _running(session, matter, clock, at=at)
    if row.unit not in _COUNTED:
        raise ValueError(f"a period in {UNITS[view_of(row).unit]} is not paused")
    row.paused_at = at
    await session.flush()
    return view_of(row)


async def resume(session: AsyncSession, matter: Matter, clock: str, *, at: datetime) -> DeadlineView:
    """Resume a paused clock: counting goes on with the day after `at`.

    Raises DeadlinePassed where it is not paused, CalendarMissing where the pause has days beyond the loaded calendar.
    """
    row = await queries.open_row(session, matter, clock)
    if row is None or row.paused_at is None:
        raise DeadlinePassed(f"The clock {clock} is not paused, so it cannot resume.")
    # The last day before those of the pause: the pause begins with its own day, unless that is the day of the event or the
    # last day of a former pause.
    begun = row.counted_from if row.resumed_on is None else max(row.resumed_on, row.counted_from)
    before, resumed = max(day_of(row.paused_at) - timedelta(days=1), begun), day_of(at)
    if row.unit == "wd":
        first, until = await queries.nth_of(session, before), await queries.nth_of(session, resumed)
        if first is None or until is None:
            raise CalendarMissing(f"Load the calendar of {resumed.year} before the clock {clock} resumes.")
        row.extra_days += max(until - first, 0)
    else:
        row.extra_days += max((resumed - before).days, 0)
    row.paused_at = row.told_at = None
    row.resumed_on = max(resumed, before)
    return await _compute(session, row)


async def extend(
    session: AsyncSession,
    matter: Matter,
    clock: str,
    *,
    parameter: str,
    days: int,
    consent: str,
    by: UUID,
    at: datetime,
    article: str | None = None,
) -> DeadlineView:
    """Extend a clock once, by at most the value of a parameter, in the clock's unit.

    `consent` is the reference of the consent that the article demands, such as the authority's. Raises DeadlinePassed where
    the clock does not run or its last day is over, ExtensionRefused.
    """
    row = await _running(session, matter, clock, at=at)
    longest = await queries.parameter(session, parameter, row.counted_from)
    most = f"The longest extension is {longest.text} ({longest.source})."
    if row.extension is not None:
        raise ExtensionRefused(f"The deadline was extended already, and is extended once. {most}")
    if not consent.strip():
        raise ExtensionRefused(f"State the reference of the consent to the extension. {most}")
    if longest.unit != row.unit or not 0 < days <= longest.value:
        raise ExtensionRefused(f"An extension of {days} {UNITS[view_of(row).unit]} is not possible. {most}")
    row.extension = {
        "parameter": parameter,
        "days": days,
        "article": article or longest.source,
        "consent": consent,
        "by": str(by),
        "at": rfc3339(at),
    }
    row.extra_days += days
    row.told_at = None
    return await _compute(session, row)


async def _running(session: AsyncSession, matter: Matter, clock: str, *, at: datetime) -> Deadline:
    """The open deadline of a clock, locked, whose last day is not over. Raises DeadlinePassed."""
    row = await queries.open_row(session, matter, clock)
    if row is None or row.paused_at is not None:
        raise DeadlinePassed(f"The clock {clock} does not run.")
    if row.overdue_at is not None or view_of(row).is_overdue(at):
        raise DeadlinePassed(f"The last day of {clock} was {row.due}; nothing extends it any more.", due=str(row.due))
    return row


async def _compute(session: AsyncSession, row: Deadline) -> DeadlineView:
    row.due = await queries.due(session, row.counted_from, row.days + row.extra_days, row.unit)
    await session.flush()
    return view_of(row)
