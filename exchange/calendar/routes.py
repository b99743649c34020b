"""The routes of the calendar."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from exchange.calendar import queries, service
from exchange.calendar.counting import day_of
from exchange.calendar.schemas import (
    CalendarOut,
    Confirmation,
    DueOut,
    ExceptionOut,
    NewParameterValue,
    NewYear,
    ParameterName,
    ParameterOut,
    YearOut,
)
from exchange.kernel.schemas import Moment
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1/calendar", tags=["calendar"], route_class=SignedRoute, responses=problems())
Year = Annotated[int, Path(ge=2004, le=2100)]


@router.get("")
async def read_calendar(work: SignedWork) -> CalendarOut:
    """The state of the calendar: how far it is loaded, and which years wait for a confirmation."""
    return await service.describe(work)


@router.get("/years/{year}")
async def read_year(work: SignedWork, year: Year) -> list[ExceptionOut]:
    """The days of a loaded year that differ from a week of Monday to Friday."""
    return [ExceptionOut.model_validate(row) for row in await queries.exceptions(work.session, year)]


@router.post("/years", status_code=201)
async def enter_year(work: SignedWork, new: NewYear) -> YearOut:
    """Enter the State Council's notice on a year's holidays. It counts once another person has confirmed it."""
    return await service.enter_year(work, new)


@router.post("/years/{year}/confirmation")
async def confirm_year(work: SignedWork, year: Year, confirmation: Confirmation) -> YearOut:
    """Confirm a year's calendar that somebody else entered: it is loaded, and provisional deadlines get their last day."""
    return await service.load_year(work, year, days=confirmation.days)


@router.get("/parameters")
async def list_parameters(work: SignedWork) -> list[ParameterOut]:
    """Every statutory period with its source, as it holds today."""
    values = await queries.parameters(work.session, day_of(work.runtime.clock.now()))
    return [service.parameter_out(value) for value in values.values()]


@router.put("/parameters/{parameter}")
async def set_parameter(work: SignedWork, parameter: ParameterName, new: NewParameterValue) -> ParameterOut:
    """Set a parameter for events from a day on. Deadlines that run keep what they were started with."""
    return await service.set_parameter(work, parameter, new)


@router.get("/parameters/{parameter}/last-day")
async def compute_last_day(
    work: SignedWork,
    parameter: ParameterName,
    at: Annotated[Moment | None, Query(description="When the event happened; otherwise now")] = None,
) -> DueOut:
    """The last day of a period that begins with an event."""
    return await service.compute_due(work, parameter, at)
