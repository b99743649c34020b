"""Deliveries: data that left, or was refused."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Decision, Hex, Lane, Result


class _Delivery(Body):
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


class DeliveryStarted(_Delivery):
    """A stream was allowed, and begins after this entry."""

    type: Literal["delivery.started"] = "delivery.started"
    plan: Hex


class DeliveryCompleted(_Delivery):
    """All data was delivered: an answer with its decision, or the end of the stream whose first entry is `started`."""

    type: Literal["delivery.completed"] = "delivery.completed"
    plan: Hex | None = None
    result: Result
    started: int | None = None


class DeliveryAborted(_Delivery):
    """A stream ended early; `result` is what may have been delivered."""

    type: Literal["delivery.aborted"] = "delivery.aborted"
    cause: Literal["client-left", "source-failed", "permission-ended", "exchange-stopped"]
    result: Result
    started: int


class DeliveryRefused(_Delivery):
    """A request for data was refused; `problem` is the problem type's name."""

    type: Literal["delivery.refused"] = "delivery.refused"
    problem: str
