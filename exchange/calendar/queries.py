"""Every SELECT of the calendar, and the statements that compute days due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Integer, String, and_, bindparam, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.calendar.counting import DeadlineView, Matter, day_of
from exchange.calendar.models import Deadline, ParameterValue, WorkDay, YearDocument
from exchange.calendar.notices import Days
from exchange.calendar.parameters import PARAMETERS, SHORT, Parameter, Unit
from exchange.kernel.database import Connection
from exchange.kernel.problems import NotFound


@dataclass(frozen=True, slots=True)
class Loaded:
    """The loaded days: the first, the last, and the working days after a day until the last."""

    first: date
    last: date
    days_left: int


async def loaded(session: AsyncSession, today: date) -> Loaded:
    """The range of the calendar. Working days left are 0 where `today` is outside of it."""
    first, last, most = (
        await session.execute(select(func.min(WorkDay.day), func.max(WorkDay.day), func.max(WorkDay.nth)))
    ).one()
    nth = (await session.execute(select(WorkDay.nth).where(WorkDay.day == today))).scalar_one_or_none()
    return Loaded(first, last, 0 if nth is None else most - nth)


class Remaining(NamedTuple):
    """The working days until the last loaded one, and from how few on the next year is asked for."""

    days_left: int
    short: int

    @property
    def is_short(self) -> bool:
        """Whether it is time to load the next year: its notice appears in November or December."""
        return self.days_left <= self.short


async def remaining(connection: Connection, today: date) -> Remaining:
    """What remains of the calendar after a day: 0 where the day is outside of it."""
    left: int | None = await connection.fetchval(
        "SELECT (SELECT max(nth) FROM work_calendar) - nth FROM work_calendar WHERE day = $1", today
    )
    short: int | None = await connection.fetchval(
        "SELECT value FROM parameter_values WHERE name = $1 AND effective_from <= $2 "
        "ORDER BY effective_from DESC, set_at DESC, id DESC LIMIT 1",
        SHORT,
        today,
    )
    return Remaining(left or 0, PARAMETERS[SHORT].value if short is None else short)


async def exceptions(session: AsyncSession, year: int) -> Sequence[WorkDay]:
    """The days of a year that differ from a week of Monday to Friday, in order. Raises NotFound for a year not loaded."""
    is_weekday = func.extract("isodow", WorkDay.day) < 6  # noqa: PLR2004 - Saturday
    statement = select(WorkDay).where(WorkDay.day.between(date(year, 1, 1), date(year, 12, 31)))
    if (await session.execute(statement.limit(1))).first() is None:
        raise NotFound(f"The calendar of {year} is not loaded.")
    rows = await session.execute(statement.where(WorkDay.is_workday != is_weekday).order_by(WorkDay.day))
    return rows.scalars().all()


async def entered(session: AsyncSession, year: int | None = None) -> Sequence[YearDocument]:
    """The documents that were entered and not confirmed yet, by year."""
    statement = select(YearDocument).where(YearDocument.state == "entered").order_by(YearDocument.year)
    return (
        (await session.execute(statement if year is None else statement.where(YearDocument.year == year)))
        .scalars()
        .all()
    )


async def lock_entered(session: AsyncSession, year: int) -> YearDocument | None:
    """The document of a year that was entered and not confirmed yet, locked; None where there is none."""
    statement = select(YearDocument).where(YearDocument.state == "entered", YearDocument.year == year).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_days(session: AsyncSession) -> None:
    """Let no other transaction load days or count with them until this one ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('work-calendar', 0))"))


async def share_days(session: AsyncSession) -> None:
    """Let no other transaction load days until this one ends. Call it before a deadline is locked.

    Otherwise a load could miss a deadline that is being computed from the days before it.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(hashtextextended('work-calendar', 0))"))


async def write_days(session: AsyncSession, days: Days, *, source: str, now: datetime) -> None:
    """Write a year's days, count the working days from the first of them on anew, and with them every open day due."""
    rows = [
        {"day": day, "is_workday": is_workday, "nth": 0, "source": source, "loaded_at": now}
        for day, is_workday in days.all()
    ]
    await session.execute(
        text(
            "INSERT INTO work_calendar (day, is_workday, nth, source, loaded_at) "
            "VALUES (:day, :is_workday, :nth, :source, :loaded_at) ON CONFLICT (day) DO UPDATE "
            "SET is_workday = excluded.is_workday, source = excluded.source, loaded_at = excluded.loaded_at"
        ),
        rows,
    )
    await session.execute(
        text(
            "UPDATE work_calendar w SET nth = counted.nth FROM ("
            "SELECT day, coalesce((SELECT nth FROM work_calendar WHERE day < :first ORDER BY day DESC LIMIT 1), 0) "
            "+ count(*) FILTER (WHERE is_workday) OVER (ORDER BY day) AS nth FROM work_calendar WHERE day >= :first"
            ") counted WHERE counted.day = w.day AND counted.nth <> w.nth"
        ),
        {"first": days.first},
    )


async def settle(session: AsyncSession, first: date) -> int:
    """Compute anew every open day due that is not known or not before `first`; returns how many changed."""
    statement = text(
        "WITH anew AS (SELECT id, calendar_due(counted_from, days + extra_days, unit) AS due FROM deadlines "
        "WHERE ended_at IS NULL AND overdue_at IS NULL AND (due IS NULL OR due >= :first)) "
        "UPDATE deadlines d SET due = anew.due, told_at = NULL FROM anew "
        "WHERE anew.id = d.id AND anew.due IS DISTINCT FROM d.due RETURNING d.id"
    )
    return len((await session.execute(statement, {"first": first})).all())


async def due(session: AsyncSession, counted_from: date, days: int, unit: str) -> date | None:
    """The last day of a period that begins after a day; None where the calendar does not reach so far."""
    call = func.calendar_due(
        bindparam("start", counted_from, Date), bindparam("days", days, Integer), bindparam("unit", unit, String)
    )
    value: date | None = (await session.execute(select(call))).scalar_one()
    return value


async def nth_of(session: AsyncSession, day: date) -> int | None:
    """The number of working days up to and including a day; None outside of the calendar."""
    return (await session.execute(select(WorkDay.nth).where(WorkDay.day == day))).scalar_one_or_none()


async def count_provisional(session: AsyncSession) -> int:
    """Count the open deadlines that have no day due yet."""
    statement = select(func.count()).where(Deadline.ended_at.is_(None), Deadline.due.is_(None))
    return int((await session.execute(statement)).scalar_one())


async def parameters(session: AsyncSession, day: date) -> dict[str, Parameter]:
    """Every parameter as it holds for events of a day: the value set last for a time that has begun, else the project's."""
    statement = (
        select(ParameterValue)
        .where(ParameterValue.effective_from <= day)
        .order_by(ParameterValue.effective_from, ParameterValue.set_at, ParameterValue.id)
    )
    values = dict(PARAMETERS)
    for row in (await session.execute(statement)).scalars():
        if row.name in values:
            values[row.name] = Parameter(
                name=row.name,
                value=row.value,
                unit=values[row.name].unit,
                is_verified=row.is_verified,
                effective_from=row.effective_from,
                source=row.source,
                meaning=values[row.name].meaning,
            )
    return values


async def parameter(session: AsyncSession, name: str, day: date) -> Parameter:
    """A parameter as it holds for events of a day. Raises NotFound."""
    try:
        return (await parameters(session, day))[name]
    except KeyError:
        raise NotFound("There is no parameter of this name; GET /api/v1/calendar/parameters lists them.") from None


async def open_row(session: AsyncSession, matter: Matter, clock: str) -> Deadline | None:
    """The open deadline of a matter's clock, locked after the days; None where the clock does not run."""
    await share_days(session)
    statement = select(Deadline).where(*_of(matter), Deadline.clock == clock, Deadline.ended_at.is_(None))
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def open_rows(session: AsyncSession, matter: Matter) -> Sequence[Deadline]:
    """The open deadlines of a matter, locked after the days."""
    await share_days(session)
    statement = select(Deadline).where(*_of(matter), Deadline.ended_at.is_(None)).order_by(Deadline.id)
    return (await session.execute(statement.with_for_update())).scalars().all()


def _of(matter: Matter) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Deadline.matter_kind == matter.kind, Deadline.matter_id == matter.id


async def deadlines_of(session: AsyncSession, matters: Sequence[Matter]) -> dict[Matter, list[DeadlineView]]:
    """Every deadline of matters, oldest first, by matter; an empty list for each that has none."""
    views: dict[Matter, list[DeadlineView]] = {matter: [] for matter in matters}
    statement = select(Deadline).where(Deadline.matter_id.in_([matter.id for matter in matters])).order_by(Deadline.id)
    for row in (await session.execute(statement)).scalars():
        if (matter := Matter(row.matter_kind, row.matter_id)) in views:
            views[matter].append(view_of(row))
    return views


async def deadline(session: AsyncSession, deadline_id: UUID) -> DeadlineView | None:
    """One deadline, or None."""
    row = await session.get(Deadline, deadline_id)
    return None if row is None else view_of(row)


async def deadlines(
    session: AsyncSession,
    *,
    organisation: UUID | None,
    clocks: Sequence[str] | None = None,
    is_open: bool = True,
    limit: int = 500,
) -> list[DeadlineView]:
    """Deadlines that an organisation has to meet, or with None everybody's: the earliest first, provisional ones last."""
    statement = select(Deadline).order_by(Deadline.due.asc().nulls_last(), Deadline.id).limit(limit)
    statement = statement.where(Deadline.ended_at.is_(None) if is_open else Deadline.ended_at.is_not(None))
    if organisation is not None:
        statement = statement.where(Deadline.organisation_id == organisation)
    if clocks is not None:
        statement = statement.where(Deadline.clock.in_(clocks))
    return [view_of(row) for row in (await session.execute(statement)).scalars()]


async def counts(
    session: AsyncSession, organisation: UUID | None, today: date
) -> Sequence[tuple[str, int, int, int, int]]:
    """By clock: deadlines that are open, overdue on a day, were ended late, and were ended in time. None: everybody's."""
    is_open = Deadline.ended_at.is_(None)
    is_overdue = and_(is_open, Deadline.paused_at.is_(None), Deadline.due < today)
    ended_on = func.date(func.timezone("Asia/Shanghai", Deadline.ended_at))
    is_late = and_(Deadline.ended_at.is_not(None), ended_on > Deadline.due)
    is_in_time = and_(Deadline.ended_at.is_not(None), or_(Deadline.due.is_(None), ended_on <= Deadline.due))
    numbers = (func.count().filter(condition) for condition in (is_open, is_overdue, is_late, is_in_time))
    statement = select(Deadline.clock, *numbers).group_by(Deadline.clock).order_by(Deadline.clock)
    if organisation is not None:
        statement = statement.where(Deadline.organisation_id == organisation)
    return [tuple(row) for row in await session.execute(statement)]


async def lock_overdue(session: AsyncSession, now: datetime, *, limit: int) -> Sequence[Deadline]:
    """Open deadlines whose last day is over and that are not marked yet, locked; those others mark now are left out."""
    statement = (
        select(Deadline)
        .where(
            Deadline.ended_at.is_(None),
            Deadline.overdue_at.is_(None),
            Deadline.paused_at.is_(None),
            Deadline.due < day_of(now),
        )
        .order_by(Deadline.due, Deadline.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def lock_untold(session: AsyncSession, until: date, *, limit: int) -> Sequence[Deadline]:
    """Open deadlines that are due until a day and of which nobody was reminded, locked."""
    statement = (
        select(Deadline)
        .where(
            Deadline.ended_at.is_(None),
            Deadline.overdue_at.is_(None),
            Deadline.paused_at.is_(None),
            Deadline.told_at.is_(None),
            Deadline.due <= until,
        )
        .order_by(Deadline.due, Deadline.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


def view_of(row: Deadline) -> DeadlineView:
    """The view of a row."""
    return DeadlineView(
        id=row.id,
        matter=Matter(row.matter_kind, row.matter_id),
        organisation=row.organisation_id,
        clock=row.clock,
        parameter=row.parameter,
        article=row.article,
        started_at=row.started_at,
        counted_from=row.counted_from,
        days=row.days + row.extra_days,
        unit=cast("Unit", row.unit),
        due=row.due,
        paused_at=row.paused_at,
        extension=row.extension,
        told_at=row.told_at,
        overdue_at=row.overdue_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
    )


async def replace_entered(session: AsyncSession, year: int) -> None:
    """Mark the document of a year that waits for its confirmation as replaced."""
    statement = update(YearDocument).where(YearDocument.state == "entered", YearDocument.year == year)
    await session.execute(statement.values(state="replaced"))
