"""Requests and answers about agreements."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from adapters.kind import FieldName
from exchange.catalog.terms.schemas import Assessments, MaskDocument, Price, Rate, RowFilter
from exchange.kernel.schemas import In, Moment, Out, Prose, Salt, with_example

Lane = Literal["government", "operation", "trade", "person"]
State = Literal["provisioning", "active", "suspended", "terminated", "expired"]


class Narrowing(In):
    """The rights that an owner takes away from an agreement, and the reason; at least one member besides the reason."""

    model_config = with_example(
        {
            "reason": "收窄到本市",
            "without": ["degree"],
            "masks": {"name": {"kind": "null"}},
            "row_filter": {"field": "city", "op": "eq", "value": "330100"},
            "row_cap": 1_000,
            "not_after": "2027-01-31T00:00:00+08:00",
        }
    )

    reason: Prose
    without: Annotated[list[FieldName], Field(max_length=500, description="Fields that are no longer granted")] = []
    masks: Annotated[
        dict[str, MaskDocument], Field(description="Masks for fields that are clear so far, and stricter ones")
    ] = {}
    row_filter: RowFilter = None
    row_cap: Annotated[int | None, Field(ge=1, lt=2**53)] = None
    not_after: Moment | None = None

    @model_validator(mode="after")
    def _refuse_nothing(self) -> Self:
        if not (self.without or self.masks or self.row_filter or self.row_cap or self.not_after):
            raise ValueError("name what is taken away: without, masks, row_filter, row_cap or not_after")
        return self


class NarrowingOut(Out):
    """A narrowing of an agreement, as both sides see it."""

    without: list[str]
    masks: dict[str, MaskDocument]
    row_filter: dict[str, Any] | None
    row_cap: int | None
    not_after: datetime | None
    reason: str
    digest: Annotated[str, Field(description="The salted digest, as on the ledger")]
    salt: Salt
    narrowed_at: datetime


class InForce(Out):
    """The present grant of an agreement: as it was concluded under the terms of its version, less later narrowings.

    The present terms may narrow it further; they never widen it.
    """

    fields: list[str]
    masks: Annotated[
        dict[str, MaskDocument], Field(description="The strictest of the terms then, the agreement, its narrowings")
    ]
    row_filters: Annotated[list[dict[str, Any]], Field(description="All have to hold")]
    terms_filter: Annotated[dict[str, Any] | None, Field(description="That of the terms then; shown to the owner only")]
    has_terms_filter: bool
    row_cap: int
    rate: Annotated[Rate | None, Field(description="That of the terms then")]
    not_after: datetime


class AgreementOut(Out):
    """An agreement as it was concluded, and as it is in force, as both sides see it."""

    id: UUID
    application_id: UUID
    dataset_id: UUID
    dataset_version: int
    provider_id: UUID
    consumer_id: UUID
    lane: Lane
    purpose: str
    fields: list[str]
    answers: Annotated[list[str], Field(description="The answers that may be asked for, by name")] = []
    masks: dict[str, MaskDocument]
    row_filter: dict[str, Any] | None
    row_cap: int
    assessments: Annotated[
        Assessments, Field(description="The assessments that the owner put on file with this agreement")
    ]
    resharing: Annotated[bool, Field(description="Whether the consumer may pass the data on")]
    price: Annotated[Price | None, Field(description="The price in the terms; never between departments")]
    billing: Annotated[
        dict[str, Any] | None,
        Field(description="The price document by which deliveries are billed; its salted digest is on the ledger"),
    ] = None
    not_before: datetime
    not_after: datetime
    digest: Annotated[
        str, Field(description="The salted digest, as on the ledger, of the document that both sides accepted")
    ]
    salt: Salt
    concluded_at: datetime
    amends: Annotated[UUID | None, Field(description="The agreement that this one ended when it became active")] = None
    contract: Annotated[
        str | None, Field(description="SHA-256 of the contract that both sides signed, where it comes from an order")
    ] = None
    state: Annotated[State, Field(description="`provisioning`: the owner has agreed, and provides the data later")]
    in_force: InForce
    narrowings: Annotated[list[NarrowingOut], Field(description="Oldest first")]


class Statement(In):
    """The reason for a change. The exchange keeps it; the ledger holds its salted digest."""

    model_config = with_example({"reason": "核查超范围使用"})

    reason: Prose
    ground: Annotated[
        Literal["out_of_scope", "third_party", "other"],
        Field(
            description="Of a suspension between departments: a use outside the agreement, or data given to others, begins the "
            "demander's time to rectify (Decree 809, Article 27)"
        ),
    ] = "other"
    consultation: Annotated[
        Prose | None,
        Field(
            description="Of a provider's termination between departments: the consultation, and its filing with the authority"
        ),
    ] = None


class StatementOut(Out):
    """The reason of an agreement's change, or what a new version changed for it, as both sides see it."""

    type: Literal[
        "agreement.activated",
        "agreement.amended",
        "agreement.rectified",
        "agreement.suspended",
        "agreement.resumed",
        "agreement.terminated",
        "agreement.affected",
    ]
    reason: str
    salt: Salt
    stated_at: datetime
    ground: Annotated[str | None, Field(description="Of a suspension between departments")] = None


class Report(In):
    """A report that data shared under an agreement was passed on, or used outside of it."""

    model_config = with_example({"ground": "third_party", "reason": "数据出现在另一单位的系统中"})

    ground: Literal["out_of_scope", "third_party"]
    reason: Prose


class ResharingRequest(In):
    """A demander's wish to pass shared data on: to whom, and why."""

    model_config = with_example({"recipient": "某区人力资源部门", "reason": "联合办理"})

    recipient: Prose
    reason: Prose


class Disposal(In):
    """The disposal of shared data after an agreement's end: how, and the SHA-256 of the evidence."""

    model_config = with_example({"statement": "已按要求删除全部副本", "evidence": "9f" * 32})

    statement: Prose
    evidence: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Hex SHA-256 of the evidence's file")]


class Usage(In):
    """A record of the use of shared data (Decree 809, Article 29)."""

    model_config = with_example(
        {
            "scenario": "人才认定",
            "process": "逐件核验",
            "effect": "减少材料两份",
            "storage": "政务云，加密",
            "destruction": "办结后三十日删除",
        }
    )

    scenario: Annotated[Prose, Field(description="使用场景")]
    process: Annotated[Prose, Field(description="使用过程")]
    effect: Annotated[Prose, Field(description="应用成效")]
    storage: Annotated[Prose, Field(description="存储情况")]
    destruction: Annotated[Prose, Field(description="销毁情况")]


class RecordOut(Out):
    """A record about an agreement, as both sides and the authority see it."""

    id: UUID
    agreement_id: UUID
    organisation_id: UUID
    type: str
    document: dict[str, Any]
    salt: Salt
    recorded_at: datetime
