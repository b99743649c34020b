"""Deliveries: data that left, or was refused."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Decision, Hex, Lane, People, Result, Scope


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
    """What an entry states about the people whose rows were released."""

    consents: Annotated[
        list[Scope] | None, Field(description="the scopes of consents by which each row was released or withheld")
    ] = None
    withheld: Annotated[
        Hex | None,
        Field(description="the salted digest of the number of rows withheld, of which the owner has the salt"),
    ] = None
    people: Annotated[
        People | None, Field(description="the commitment to the people whom the answer has rows about")
    ] = None


class DeliveryStarted(DeliveryBody):
    """A stream was allowed, and begins after this entry."""

    type: Literal["delivery.started"] = "delivery.started"
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
