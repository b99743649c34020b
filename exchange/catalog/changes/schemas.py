"""Requests and answers about changes."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.calendar.counting import DeadlineView
from exchange.kernel.schemas import In, Out, Prose, Salt, Text, with_example

Cause = Literal["law", "administrative_regulation", "state_council_decision", "duty"]


class NewChange(In):
    """A change that obliges to an update: of a law, a regulation, a State Council decision, or the department's duty."""

    model_config = with_example(
        {"cause": "duty", "document": "浙编〔2026〕12号", "changed_on": "2026-03-02", "reason": "新增一项职责"}
    )

    cause: Cause
    document: Annotated[Text, Field(description="The title of the law or decision, with its number")]
    changed_on: Annotated[date, Field(description="The day of the change; the deadline counts from the day after it")]
    reason: Annotated[Prose, Field(description="What changes in the entry. The ledger holds a salted digest")]


class UpdateExtension(In):
    """The authority's consent to a later update. Its reference goes to both sides; the ledger holds a digest."""

    model_config = with_example({"days": 5, "consent": "浙数局函〔2026〕7号"})

    days: Annotated[int, Field(ge=1, le=366)]
    consent: Text


class Due(Out):
    """A clock: the last day, None where that year's calendar is not loaded, and the article."""

    clock: str
    article: str
    due: date | None
    is_provisional: bool
    paused_at: datetime | None
    overdue_at: datetime | None

    @classmethod
    def of(cls, clock: DeadlineView) -> "Due":
        """A clock as an answer shows it."""
        return cls.model_validate(clock)


class ChangeOut(Out):
    """A change, and the update that it makes due."""

    id: UUID
    dataset: UUID
    state: Literal["due", "extended", "filed", "updated", "withdrawn"]
    verbs: Annotated[list[str], Field(description="What can happen next")]
    cause: Cause
    document: str
    reason: str
    salt: Salt
    changed_on: date
    stated_by: UUID
    stated_at: datetime
    filing: UUID | None
    version: Annotated[int | None, Field(description="The version that updated the entry")]
    update: Annotated[Due | None, Field(description="The clock of the update")]
