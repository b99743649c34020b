"""Answers about people: given instead of rows, or refused. What is true of whom is in no entry."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.delivery import DeliveryBody, ReleaseBody
from ledger.entries.parts import Body, Hex, Time


class AnswerGiven(ReleaseBody):
    """Answers about the people in `subjects` were given: each is yes, no or unknown.

    `plan` is the digest of the nonce and the question, `content` that of the signed bytes.
    """

    type: Literal["answer.given", "code.redeemed"] = "answer.given"
    answers: Annotated[list[str], Field(description="the names of the answers")]
    code: Annotated[str | None, Field(description="of `code.redeemed`: the code's id")] = None
    plan: Hex
    content: Hex


class AnswerRefused(DeliveryBody):
    """A request for answers was refused; `problem` is the problem type's name."""

    type: Literal["answer.refused"] = "answer.refused"
    answers: Annotated[list[str] | None, Field(description="the names of the answers, once a decision was made")] = None
    problem: str


class CodeIssued(Body):
    """A person issued a one-time code: for answers of this dataset, to this recipient. The entry has neither person nor code."""

    type: Literal["code.issued"] = "code.issued"
    affects_decisions: ClassVar[bool] = False
    dataset: str
    consumer: Annotated[str, Field(description="the recipient")]
    purpose: str
    expires_at: Time


class CodeEnded(Body):
    """A code was revoked, by the person or with an erasure, or its time was over."""

    type: Literal["code.revoked", "code.expired"]
    affects_decisions: ClassVar[bool] = False
    dataset: str
