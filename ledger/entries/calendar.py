"""The calendar of working days, the numbers that deadlines count with, and deadlines that passed."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex

Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="a day in Asia/Shanghai")]


class CalendarEntered(Body):
    """A person entered a year's notice on holidays; it counts once another person has confirmed it. The object is the year."""

    type: Literal["calendar.entered"] = "calendar.entered"
    affects_decisions: ClassVar[bool] = False
    notice: Annotated[str, Field(description="title and number of the notice")]
    document: Annotated[Hex, Field(description="digest of the notice's file")]
    days: Annotated[Hex, Field(description="digest of `off`, `worked` and `year` as canonical JSON")]


class CalendarLoaded(Body):
    """Another person confirmed a year's notice, and its days are loaded. The object is the year."""

    type: Literal["calendar.loaded"] = "calendar.loaded"
    affects_decisions: ClassVar[bool] = False
    notice: Annotated[str, Field(description="title and number of the notice")]
    document: Annotated[Hex, Field(description="digest of the notice's file")]
    days: Annotated[Hex, Field(description="digest of `off`, `worked` and `year` as canonical JSON")]
    entered_by: Annotated[str, Field(description="the principal who entered it")]
    settled: Annotated[int, Field(description="how many open deadlines got another last day")]


class ParameterSet(Body):
    """The operator set the value of a statutory period, for events from a day on. The object is the parameter's name."""

    type: Literal["parameter.set"] = "parameter.set"
    affects_decisions: ClassVar[bool] = False
    value: int
    before: Annotated[int, Field(description="the value for events of that day before")]
    unit: Annotated[Literal["wd", "d", "mo", "y", "md"], Field(description="of value and before")]
    source: Annotated[str, Field(description="the document and article that set it")]
    effective_from: Day


class DeadlineOverdue(Body):
    """The last day of a deadline is over, and what was due did not happen. The object is what the deadline is about."""

    type: Literal["deadline.overdue"] = "deadline.overdue"
    affects_decisions: ClassVar[bool] = False
    deadline: Annotated[str, Field(description="the deadline's id")]
    clock: Annotated[str, Field(description="what was due")]
    article: str
    due: Day
    responsible: Annotated[str | None, Field(description="the organisation that had to act; absent: the exchange")] = (
        None
    )
