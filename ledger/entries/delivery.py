"""Deliveries and answers: what left, or was refused. What is true of whom is in no entry."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Account, Body, Decision, Hex, Lane, Members, People, Result, Scope, Time

Billed = Annotated[
    Account | None, Field(description="under an agreement with a price document, the place in its account")
]


class DeliveryBody(Body):
    """What entries about deliveries and answers state."""

    affects_decisions: ClassVar[bool] = False
    agreement: str | None = None
    dataset: str | None = None
    lane: Lane | None = None
    purpose: str | None = None
    decision: Decision | None = None
    subjects: Annotated[
        list[Hex] | None, Field(description="pseudonyms of the people whom the request named, at most 100")
    ] = None
    sealed: Annotated[
        list[Hex] | None,
        Field(
            description="for each of `subjects`, the commitment to the sealed details: how the request named the person"
        ),
    ] = None
    named: Annotated[int | None, Field(description="how many people the request named, if more than 100")] = None


class ReleaseBody(DeliveryBody):
    """What an entry states about the people whose rows were released, and the account to which they are billed."""

    account: Billed = None
    consents: Annotated[
        list[Scope] | None, Field(description="the scopes of consents by which each row was released or withheld")
    ] = None
    withheld: Annotated[
        Hex | None,
        Field(description="the salted digest of the number of rows withheld, of which the owner has the salt"),
    ] = None
    people: Annotated[
        People | None, Field(description="in former entries, the commitment to the people of the rows by their numbers")
    ] = None
    members: Annotated[
        Members | None, Field(description="the commitment to the people whom the answer has rows about")
    ] = None


class DeliveryStarted(DeliveryBody):
    """A stream was allowed, and begins after this entry."""

    type: Literal["delivery.started"] = "delivery.started"
    account: Billed = None
    plan: Hex


class DeliveryCompleted(ReleaseBody):
    """All data was delivered: an answer with its decision, or the end of the stream whose first entry is `started`."""

    type: Literal["delivery.completed"] = "delivery.completed"
    plan: Hex | None = None
    result: Result
    started: int | None = None


class DeliveryAborted(ReleaseBody):
    """A stream ended early; `result` is what may have been delivered."""

    type: Literal["delivery.aborted"] = "delivery.aborted"
    cause: Literal["client-left", "source-failed", "permission-ended", "exchange-stopped"]
    result: Result
    started: int


class DeliveryRefused(DeliveryBody):
    """A request for data was refused; `problem` is the problem type's name."""

    type: Literal["delivery.refused"] = "delivery.refused"
    problem: str


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
