"""Answers about people: given instead of rows, or refused. What is true of whom is in no entry."""

from typing import Annotated, Literal

from pydantic import Field

from ledger.entries.delivery import DeliveryBody, ReleaseBody
from ledger.entries.parts import Hex


class AnswerGiven(ReleaseBody):
    """Answers about the people in `subjects` were given: each is yes, no or unknown.

    `plan` is the digest of the nonce and the question, `content` that of the signed bytes.
    """

    type: Literal["answer.given"] = "answer.given"
    answers: Annotated[list[str], Field(description="the names of the answers")]
    plan: Hex
    content: Hex


class AnswerRefused(DeliveryBody):
    """A request for answers was refused; `problem` is the problem type's name."""

    type: Literal["answer.refused"] = "answer.refused"
    answers: Annotated[list[str] | None, Field(description="the names of the answers, once a decision was made")] = None
    problem: str
