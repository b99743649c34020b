"""Answers about duties."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.kernel.schemas import Out


class DutyOut(Out):
    """A duty that is open: what has to be done, by whom, under which article, until which day."""

    deadline: UUID
    clock: Annotated[str, Field(description="What has to be done, such as `reply`")]
    matter: Annotated[dict[str, str], Field(description="The kind and id of the object it is about")]
    article: str
    organisation: Annotated[UUID | None, Field(description="Who has to act; null: the exchange")]
    role: Annotated[str, Field(description="The role that has to act there")]
    persons: Annotated[list[str], Field(description="The handles of the members who hold the role now")]
    since: date
    due: Annotated[date | None, Field(description="The last day; null while the calendar of that year is not loaded")]
    state: Literal["open", "overdue", "paused", "provisional"]
    days_late: Annotated[int, Field(description="Calendar days since the last day")]


class CounterOut(Out):
    """How often duties of one kind are open, overdue now, were done late, and were done in time."""

    clock: str
    open: int
    overdue: int
    late: int
    in_time: int


class LiabilityOut(Out):
    """An item for which the decree makes somebody answerable (Articles 39 to 41), and how often it was met.

    `seen`: `counted` here; `prevented`, since the exchange refuses it; or `outside`, where the exchange cannot see it.
    """

    item: str
    article: str
    side: Literal["provider", "demander", "authority"]
    seen: Literal["counted", "prevented", "outside"]
    overdue: Annotated[int, Field(description="Duties that are overdue now")]
    breaches: Annotated[int, Field(description="How often it happened so far, those overdue now among them")]


class BoardOut(Out):
    """The compliance board: counters by kind of duty and by item of liability, and each open duty, the earliest first."""

    organisation: Annotated[UUID | None, Field(description="null: every organisation")]
    day: date
    counters: list[CounterOut]
    liability: Annotated[
        list[LiabilityOut], Field(description="Those of the authority on the board of all organisations only")
    ]
    duties: list[DutyOut]
