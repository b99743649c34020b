"""The verbs of the calendar: enter and load a year, set a parameter, compute a last day."""

from datetime import date, datetime
from typing import Any

from exchange.calendar import queries
from exchange.calendar.counting import DeadlineView, day_of
from exchange.calendar.errors import ConfirmedByAnother, NoticeInvalid
from exchange.calendar.models import ParameterValue, YearDocument
from exchange.calendar.notices import Days, Holiday, days_of, find_faults
from exchange.calendar.parameters import SHORT, Parameter
from exchange.calendar.schemas import (
    CalendarOut,
    DeadlineOut,
    DueOut,
    NewParameterValue,
    NewYear,
    ParameterOut,
    YearOut,
)
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid
from exchange.kernel.work import Work
from ledger import entries
from policies.roles.roles import EXCHANGE

_CORRECT = "Compare the document with the notice, and correct what `errors` lists."


async def enter_year(work: Work, new: NewYear) -> YearOut:
    """Enter a year's notice; a document of the year that waits for its confirmation is replaced.

    Raises Forbidden, NoticeInvalid, Conflict where a year before it is not loaded.
    """
    work.permit("calendar", "load", EXCHANGE)
    holidays = [Holiday(holiday.name, holiday.first, holiday.last) for holiday in new.holidays]
    calendar = await queries.loaded(work.session, day_of(work.runtime.clock.now()))
    if not calendar.first.year <= new.year <= calendar.last.year + 1:
        raise Conflict(f"Years are loaded in order: the next is {calendar.last.year + 1}.", state=str(calendar.last))
    if faults := find_faults(new.year, holidays, new.workdays):
        raise NoticeInvalid(_CORRECT, errors=faults)
    days = days_of(new.year, holidays, new.workdays)
    await queries.replace_entered(work.session, new.year)
    row = YearDocument(
        id=new_id(),
        year=new.year,
        notice=new.notice,
        digest=new.digest,
        document={"off": [str(day) for day in days.off], "worked": [str(day) for day in days.worked]},
        days=days.digest,
        state="entered",
        entered_by=work.principal.id,
        entered_at=work.runtime.clock.now(),
    )
    work.session.add(row)
    work.entry(entries.CalendarEntered, **_fields(row))
    return year_out(row)


async def load_year(work: Work, year: int, *, days: str) -> YearOut:
    """Load the days of a year that somebody else entered, and compute the open deadlines that they change.

    `days` is the digest of the days that the principal compared with the notice. Raises Forbidden, Conflict,
    ConfirmedByAnother.
    """
    work.permit("calendar", "confirm", EXCHANGE)
    await queries.lock_days(work.session)
    row = await queries.lock_entered(work.session, year)
    if row is None:
        raise Conflict(f"No calendar of {year} waits for a confirmation; it has to be entered first.", state="absent")
    if row.entered_by == work.principal.id:
        raise ConfirmedByAnother("You entered it; another operator or a security administrator confirms it.")
    if row.days != days:
        raise Conflict("The days are others than those you compared; look at them again.", state=row.days)
    loading = _days(row)
    now = work.runtime.clock.now()
    await queries.write_days(work.session, loading, source=row.notice, now=now)
    settled = await queries.settle(work.session, loading.first)
    row.state, row.loaded_by, row.loaded_at = "loaded", work.principal.id, now
    work.entry(entries.CalendarLoaded, **_fields(row), entered_by=str(row.entered_by), settled=settled)
    return year_out(row)


def _fields(row: YearDocument) -> dict[str, Any]:
    return {
        "about": ("calendar", str(row.year)),
        "notice": row.notice,
        "document": row.digest,
        "days": row.days,
    }


def _days(row: YearDocument) -> Days:
    document = row.document
    off, worked = (tuple(date.fromisoformat(day) for day in document[name]) for name in ("off", "worked"))
    return Days(row.year, off, worked)


async def set_parameter(work: Work, name: str, new: NewParameterValue) -> ParameterOut:
    """Set the value of a parameter for events from a day on. Deadlines that run keep what they were started with.

    Raises Forbidden, NotFound, RequestInvalid for a value that is no day of the year where one is needed.
    """
    work.permit("calendar", "set", EXCHANGE)
    before = await queries.parameter(work.session, name, new.effective_from)
    if before.unit == "md":
        _check_day_of_year(new.value)
    row = ParameterValue(
        id=new_id(),
        name=name,
        value=new.value,
        source=new.source,
        is_verified=new.verified,
        effective_from=new.effective_from,
        set_by=work.principal.id,
        set_at=work.runtime.clock.now(),
    )
    work.session.add(row)
    work.entry(
        entries.ParameterSet,
        about=("parameter", name),
        value=new.value,
        before=before.value,
        unit=before.unit,
        source=new.source,
        effective_from=str(new.effective_from),
    )
    await work.session.flush()
    return parameter_out(await queries.parameter(work.session, name, new.effective_from))


def _check_day_of_year(value: int) -> None:
    try:
        date(2001, *divmod(value, 100))
    except ValueError:
        error = "a day of the year is month * 100 + day, such as 331"
        raise RequestInvalid("Correct the value.", errors=[{"at": "value", "error": error}]) from None


async def describe(work: Work) -> CalendarOut:
    """The state of the calendar today."""
    today = day_of(work.runtime.clock.now())
    calendar, short = await queries.loaded(work.session, today), await queries.parameter(work.session, SHORT, today)
    return CalendarOut(
        first=calendar.first,
        last=calendar.last,
        days_left=calendar.days_left,
        is_short=calendar.days_left <= short.value,
        provisional=await queries.count_provisional(work.session),
        entered=[year_out(row) for row in await queries.entered(work.session)],
    )


async def compute_due(work: Work, name: str, at: datetime | None) -> DueOut:
    """The last day of a parameter's period after an event. Raises NotFound, RequestInvalid."""
    counted_from = day_of(at or work.runtime.clock.now())
    period = await queries.parameter(work.session, name, counted_from)
    if period.unit == "md":
        error = "it is a day of the year and no period"
        raise RequestInvalid("Name a period.", errors=[{"at": "parameter", "error": error}])
    due = await queries.due(work.session, counted_from, period.value, period.unit)
    return DueOut(
        counted_from=counted_from,
        days=period.value,
        unit=period.unit,
        due=due,
        provisional=due is None,
        source=period.source,
    )


def year_out(row: YearDocument) -> YearOut:
    """A year's document as the API shows it."""
    days = _days(row)
    return YearOut(
        year=row.year,
        notice=row.notice,
        digest=row.digest,
        days=row.days,
        off=list(days.off),
        worked=list(days.worked),
        state=row.state,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
        loaded_by=row.loaded_by,
        loaded_at=row.loaded_at,
    )


def parameter_out(parameter: Parameter) -> ParameterOut:
    """A parameter as the API shows it."""
    return ParameterOut(
        name=parameter.name,
        value=parameter.value,
        unit=parameter.unit,
        text=parameter.text,
        source=parameter.source,
        verified=parameter.is_verified,
        effective_from=parameter.effective_from,
        meaning=parameter.meaning,
    )


def deadline_out(view: DeadlineView) -> DeadlineOut:
    """A deadline as the API shows it."""
    shown = {name: getattr(view, name) for name in DeadlineOut.model_fields if name not in ("matter", "provisional")}
    matter = {"kind": view.matter.kind, "id": str(view.matter.id)}
    return DeadlineOut.model_validate({**shown, "matter": matter, "provisional": view.is_provisional})
