"""Base classes and types of all rooms' schemas."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from groundwork import text


class In(BaseModel):
    """A request. An undocumented member is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def with_example(example: dict[str, Any]) -> ConfigDict:
    """The configuration of a model with an example for the API's description."""
    return ConfigDict(json_schema_extra={"examples": [example]})


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


PRINTABLE = text.PRINTABLE
PROSE = rf"^[^\x00-\x08\x0b-\x1f{text.UNSEEN}]*$"
HANDLE = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"

PATTERN_MESSAGES = {
    PRINTABLE: "control characters, line breaks and marks that turn the direction of writing are not allowed here",
    PROSE: "control characters and marks that turn the direction of writing are not allowed here",
    HANDLE: "a short name has at most 63 of a-z, 0-9 and, inside it, hyphens",
}
"""The error message of each pattern."""

Handle = Annotated[
    str,
    StringConstraints(pattern=HANDLE),
    Field(description="A short name for addresses and commands", examples=["demo-education"]),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=PROSE)]
Salt = Annotated[str, Field(description="16 bytes in hex; with it, the digest on the ledger can be verified")]
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def _in_range(value: datetime) -> datetime:
    """Refuse years at the ends of the calendar, which have no UTC form."""
    if not _EARLIEST <= value <= _LATEST:
        raise ValueError("a time is between the years 1970 and 9999")
    return value


Moment = Annotated[
    AwareDatetime, AfterValidator(_in_range), Field(examples=[datetime.fromisoformat("2027-06-30T00:00:00+08:00")])
]
