"""Requests and answers about orders and contracts."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from exchange.catalog.terms.schemas import Purpose
from exchange.kernel.schemas import In, Out, Prose, Salt, with_example
from exchange.trading.listings.prices import Amount

Verb = Literal[
    "draft",
    "pay",
    "repay",
    "deliver",
    "accept",
    "object",
    "cure",
    "dispute",
    "resolve",
    "refund",
    "settle",
    "close",
    "cancel",
    "terminate",
]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class NewOrder(In):
    """An order of an offer. An order that is sent again with its `reference` is the same order."""

    model_config = with_example(
        {
            "offer": "01930b2e-6f1a-7000-8000-000000000007",
            "reference": "PO-2026-0017",
            "purpose": "talent-service",
            "basis": "本单位人才服务业务",
            "scenario": "分析岗位需求",
            "scope": "本单位内部",
        }
    )

    offer: UUID
    reference: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,63}$"),
        Field(description="Your own number of the order"),
    ]
    purpose: Purpose
    basis: Prose
    scenario: Prose
    scope: Prose


class ContractSignature(In):
    """Your side's signature: this signed request has the contract's digest in its body."""

    model_config = with_example({"digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})

    digest: Digest


class OrderStep(In):
    """A step of an order. `amount`: what is paid or repaid; of an objection what is in dispute, without it everything; of a
    resolution what is no longer due.
    """

    model_config = with_example({"verb": "object", "statement": "三月数据缺失", "amount": 30_000})

    verb: Verb
    statement: Prose
    amount: Amount | None = None


class ContractOut(Out):
    """The contract of an order."""

    document: dict[str, Any]
    digest: Annotated[Digest, Field(description="SHA-256 of the document as canonical JSON (RFC 8785): what is signed")]
    text: Annotated[str, Field(description="The contract's text, made from the document")]
    signatures: Annotated[
        list[dict[str, Any]],
        Field(description="Each with its side, and the request that was signed"),
    ]


class OrderOut(Out):
    """An order, as both sides see it. Amounts are in the currency's smallest unit."""

    id: UUID
    state: str
    verbs: Annotated[list[str], Field(description="What can happen next")]
    offer: UUID
    listing: UUID
    dataset: UUID
    seller: UUID
    buyer: UUID
    reference: str
    wanted: dict[str, str]
    contract: Annotated[str | None, Field(description="The contract's digest, once it is drafted")]
    signed_by: list[Literal["seller", "buyer"]]
    agreement: Annotated[UUID | None, Field(description="The agreement under which the data is delivered")]
    amount: Annotated[int, Field(description="What is owed for the beginning, with tax; statements bill the rest")]
    paid: int
    frozen: Annotated[int, Field(description="In dispute: not due until the dispute ends")]
    reduced: Annotated[int, Field(description="No longer due")]
    refunded: int
    due: Annotated[int, Field(description="Still to be paid; negative where too much is paid")]
    statements: Annotated[
        list[dict[str, Any]], Field(description="Each with type, organisation, statement, salt, time")
    ]
    salt: Salt
    placed_at: datetime
    sign_by: Annotated[datetime, Field(description="When an order lapses that not both sides have signed")]
    delivered_at: datetime | None
    inspect_by: datetime | None
