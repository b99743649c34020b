"""Requests and answers about objections to records."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from exchange.kernel.schemas import In, Out, Prose, with_example
from exchange.rights.forms.form import Proof
from exchange.rights.schemas import Code, Proofs

Verb = Literal["tell_holder", "reject", "agree", "contest", "uphold", "dismiss", "withdraw"]


class NewRecordObjection(In):
    """An objection to a record, under your organisation's name and with evidence."""

    model_config = with_example(
        {
            "record": "QY2026120001",
            "statement": "该数据由我单位采集",
            "evidence": [
                {"title": "合同", "digest": "5f0c9a3f6c1f1a0f7b3ad0de3b1f5a6e2c0b7e6d4c8b9a1f2e3d4c5b6a798081"}
            ],
        }
    )

    record: Code
    statement: Prose
    evidence: Proofs


class RecordObjectionStep(In):
    """A step: the registrar tells the holder, rejects what is incomplete, or concludes; the holder agrees or contests."""

    model_config = with_example({"verb": "contest", "statement": "权属清晰，见合同"})

    verb: Verb
    statement: Prose


class RecordObjectionOut(Out):
    """An objection to a record."""

    id: UUID
    record: UUID
    holder: UUID
    organisation: Annotated[UUID, Field(description="Who objects")]
    state: str
    verbs: Annotated[list[str], Field(description="What can happen next")]
    evidence: list[Proof]
    statements: Annotated[
        list[dict[str, Any]], Field(description="Each with type, organisation, statement, salt, time")
    ]
    filed_at: datetime
    tell_by: Annotated[date | None, Field(description="The registrar's last day to tell the holder")]
