"""Requests and answers about notices."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from exchange.kernel.schemas import In, Out, Prose, with_example

Kind = Literal["stop", "change"]
Outcome = Literal["terminate", "keep"]


class NewAgreementNotice(In):
    """A notice that the sharing of a dataset stops or changes on a day, for a stated just cause."""

    model_config = with_example(
        {
            "dataset": "01930b2e-6f1a-7000-8000-000000000003",
            "kind": "stop",
            "effective_on": "2027-03-31",
            "reason": "系统下线，职责调整",
        }
    )

    dataset: UUID
    kind: Kind
    effective_on: Annotated[date, Field(description="The first day on which it may be carried out")]
    reason: Prose
    outcome: Annotated[
        Outcome, Field(description="What becomes of the agreements when it is carried out; a stop terminates them")
    ] = "terminate"
    agreements: Annotated[
        list[UUID] | None, Field(min_length=1, max_length=500, description="Those it is about; null: all that run")
    ] = None

    @model_validator(mode="after")
    def _stop_ends(self) -> Self:
        if self.kind == "stop" and self.outcome != "terminate":
            raise ValueError("a stop terminates the agreements; name the kind change to keep them")
        return self


class Consultation(In):
    """The record of the consultation with the demanders, and the reference of its filing with the authority."""

    model_config = with_example({"statement": "已与需求部门协商，过渡期两个月", "filing": "备案〔2027〕3号"})

    statement: Prose
    filing: Prose


class NoticeReason(In):
    """Why a notice is carried out or withdrawn. The ledger holds its salted digest."""

    model_config = with_example({"reason": "过渡期已满"})

    reason: Prose


class AgreementNoticeOut(Out):
    """A notice, as both sides and the authority see it."""

    id: UUID
    dataset_id: UUID
    provider_id: UUID
    kind: Kind
    outcome: Outcome
    effective_on: date
    agreements: Annotated[list[UUID], Field(description="Of another department, its own only")]
    state: Literal["announced", "consulted", "carried_out", "withdrawn"]
    statements: Annotated[list[dict[str, Any]], Field(description="Each with type, statement, salt and time")]
    announced_at: datetime
