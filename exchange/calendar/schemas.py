"""The JSON of the calendar: what the API takes and returns."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from exchange.kernel.schemas import In, Out, Text, with_example

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_YEAR = Field(ge=2004, le=2100)
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class HolidayIn(In):
    """A holiday of the notice: its first and last day off, with the rest days between."""

    name: Text
    first: date
    last: date


class NewYear(In):
    """A year's calendar, as the State Council's notice on holidays states it. It may reach into the December before."""

    model_config = with_example(
        {
            "year": 2026,
            "notice": "国务院办公厅关于2026年部分节假日安排的通知",
            "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "holidays": [{"name": "元旦", "first": "2026-01-01", "last": "2026-01-03"}],
            "workdays": ["2026-01-04"],
        }
    )

    year: Annotated[int, _YEAR]
    notice: Annotated[Text, Field(description="The notice's title and number, such as 国办发明电〔2025〕7号")]
    digest: Annotated[Digest, Field(description="SHA-256 of the notice's file, which another person compares")]
    holidays: Annotated[list[HolidayIn], Field(min_length=1, max_length=20)]
    workdays: Annotated[list[date], Field(max_length=40, description="The Saturdays and Sundays that are worked")]


class Confirmation(In):
    """The confirmation of a year's calendar: the digest of the days that you compared with the notice."""

    model_config = with_example({"days": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})

    days: Digest


class YearOut(Out):
    """A year's calendar as it was entered, or loaded."""

    year: int
    notice: str
    digest: Annotated[str, Field(description="SHA-256 of the notice's file, as it was entered")]
    days: Annotated[str, Field(description="SHA-256 of the days off and worked, as canonical JSON")]
    off: Annotated[list[date], Field(description="Weekdays off")]
    worked: Annotated[list[date], Field(description="Saturdays and Sundays worked")]
    state: Literal["entered", "loaded", "replaced"]
    entered_by: UUID
    entered_at: datetime
    loaded_by: UUID | None
    loaded_at: datetime | None


class CalendarOut(Out):
    """The state of the calendar."""

    first: date
    last: Annotated[date, Field(description="The last loaded day")]
    days_left: Annotated[int, Field(description="Working days after today until the last loaded one")]
    is_short: Annotated[bool, Field(description="Whether it is time to load the next year")]
    provisional: Annotated[int, Field(description="Open deadlines whose last day is not known yet")]
    entered: Annotated[list[YearOut], Field(description="Years that wait for another person's confirmation")]


class ExceptionOut(Out):
    """A day that differs from a week of Monday to Friday."""

    day: date
    is_workday: bool
    source: str


class ParameterOut(Out):
    """A statutory period, or another number of a rule, as it holds today."""

    name: str
    value: int
    unit: Annotated[
        Literal["wd", "d", "mo", "y", "md"],
        Field(
            description="Working days, calendar days, months, years; md: a day of the year, month times 100 plus day"
        ),
    ]
    text: Annotated[str, Field(description="The value as people write it")]
    source: Annotated[str, Field(description="The article it comes from; in brackets where no law has a number")]
    verified: Annotated[bool, Field(description="Whether the number was read in the text of its source")]
    effective_from: date
    meaning: str


class NewParameterValue(In):
    """Another value of a parameter, in the parameter's unit, for events from a day on."""

    model_config = with_example(
        {"value": 15, "source": "浙江省公共数据条例 第三十条", "verified": True, "effective_from": "2027-01-01"}
    )

    value: Annotated[int, Field(ge=1, le=10_000)]
    source: Annotated[Text, Field(description="The document and article that sets it")]
    verified: Annotated[bool, Field(description="Whether you read the number in that document")]
    effective_from: date


class DueOut(Out):
    """The last day of a period."""

    counted_from: Annotated[date, Field(description="The day of the event, in Asia/Shanghai, which is not counted")]
    days: int
    unit: Literal["wd", "d", "mo", "y"]
    due: Annotated[date | None, Field(description="The last day, which ends at 24:00 in Asia/Shanghai")]
    provisional: Annotated[bool, Field(description="Whether the last day lies beyond the loaded calendar")]
    source: str


class DeadlineOut(Out):
    """A deadline."""

    id: UUID
    matter: Annotated[dict[str, str], Field(description="The kind and id of the object it is about")]
    organisation: Annotated[UUID | None, Field(description="Who has to act; null: the exchange")]
    clock: str
    article: str
    started_at: datetime
    counted_from: date
    days: int
    unit: Literal["wd", "d", "mo", "y"]
    due: date | None
    provisional: Annotated[bool, Field(description="Whether the last day lies beyond the loaded calendar")]
    paused_at: datetime | None
    extension: dict[str, Any] | None
    overdue_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
