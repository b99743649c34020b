"""Requests and answers about corrections."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from adapters.kind import FieldName
from exchange.kernel.schemas import In, Out, Prose, Salt, Text, with_example

State = Literal["filed", "corrected", "confirmed_accurate", "withdrawn", "settled", "disputed"]
Fault = Literal["inaccurate", "incomplete"]


class NewCorrection(In):
    """What a consumer found wrong in data that it receives. Texts name no person; `people` does, sealed."""

    model_config = with_example(
        {
            "agreement": "01930b2e-6f1a-7000-8000-000000000006",
            "fault": "inaccurate",
            "fields": ["degree"],
            "people": ["330106199001011234"],
            "statement": "学历与证书不一致",
        }
    )

    agreement: UUID
    fault: Fault
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=500)]
    people: Annotated[
        list[Text | int],
        Field(
            max_length=100,
            description="The people whose records are wrong, by their identifiers; only both sides see them",
        ),
    ] = []
    identified_by: Annotated[
        FieldName | None, Field(description="The field of these identifiers, where there are several")
    ] = None
    statement: Prose


class Answer(In):
    """What the answering side states; both sides read it, and the ledger holds its salted digest."""

    model_config = with_example({"statement": "已按学籍档案更正"})

    statement: Prose


class Check(Out):
    """The owner's clock: the last day of its answer, None where that year's calendar is not loaded."""

    due: date | None
    article: str
    is_provisional: bool
    overdue_at: datetime | None
    outcome: str | None


class CorrectionOut(Out):
    """One matter, as both sides see it."""

    id: UUID
    dataset: UUID
    agreement: UUID
    provider: UUID
    consumer: UUID
    state: State
    verbs: Annotated[list[str], Field(description="What can happen next")]
    fault: Fault
    fields: list[str]
    statement: str
    salt: Salt
    people: Annotated[
        list[str] | None,
        Field(description="Identifiers, until the matter ends; only where one matter is read by a side of it"),
    ] = None
    content_version: Annotated[int | None, Field(description="The content in which the fault was found")]
    corrected_version: Annotated[int | None, Field(description="The content in which it is corrected")]
    answers: Annotated[list[dict[str, Any]], Field(description="Each with type, statement, salt and time")]
    dispute: Annotated[UUID | None, Field(description="Between departments: the dispute about the owner's answer")]
    filed_at: datetime
    answered_at: datetime | None
    check: Check | None
