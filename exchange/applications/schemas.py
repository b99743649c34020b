"""Requests and answers about applications."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, Field

from adapters.kind import FieldName
from exchange.agreements.schemas import AgreementOut, Lane
from exchange.catalog.terms.schemas import Assessments, MaskDocument, Purpose, RowFilter
from exchange.kernel.schemas import PRINTABLE, In, Moment, Out, Prose, Salt, with_example


class NewApplication(In):
    """An application of a consumer (the fields of Decree 809, Article 20)."""

    model_config = with_example(
        {
            "dataset": "demo-education/degrees",
            "fields": ["name", "degree"],
            "purpose": "talent-service",
            "basis": "浙江省公共数据条例第二十条",
            "scenario": "核验人才认定申请人的学历",
            "scope": "本年度申请人",
            "method": "api",
            "not_after": "2027-06-30T00:00:00+08:00",
        }
    )

    dataset: Annotated[
        str,
        Field(
            min_length=1,
            max_length=130,
            pattern=PRINTABLE,
            description="The dataset's id, or <organisation>/<dataset>",
            examples=["demo-education/degrees"],
        ),
    ]
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=500)]
    purpose: Purpose
    basis: Annotated[Prose, Field(description="使用依据: the law or duty that the use rests on")]
    scenario: Annotated[Prose, Field(description="使用场景")]
    scope: Annotated[Prose, Field(description="使用范围")]
    method: Annotated[Literal["api", "batch", "file"], Field(description="共享方式")] = "api"
    row_filter: RowFilter = None
    not_after: Annotated[Moment, Field(description="使用时限")]


class Approval(In):
    """The owner's grant; a member that is left out is granted as asked for."""

    model_config = with_example(
        {
            "fields": ["name", "degree"],
            "masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
            "row_filter": {"field": "city", "op": "eq", "value": "330100"},
            "row_cap": 10_000,
            "not_after": "2027-03-31T00:00:00+08:00",
        }
    )

    fields: Annotated[list[FieldName] | None, Field(min_length=1, max_length=500)] = None
    masks: Annotated[
        dict[str, MaskDocument], Field(description="Masks for fields that the terms leave clear, and stricter ones")
    ] = {}
    row_filter: RowFilter = None
    row_cap: Annotated[int | None, Field(ge=1)] = None
    not_after: Moment | None = None
    assessments: Annotated[
        Assessments, Field(description="Assessments on file for this recipient, beside those of the dataset")
    ] = Assessments()


class Reasons(In):
    """The reason of a refused application; `reasons` is accepted for it too."""

    model_config = with_example({"reason": "申请的用途不在共享条件之内"})

    reason: Annotated[Prose, Field(validation_alias=AliasChoices("reason", "reasons"))]


class SupplementRequest(In):
    """All that an application lacks, at once: a supplement is requested a single time (Decree 809, Article 21)."""

    model_config = with_example({"missing": "使用依据的具体条款", "days": 10})

    missing: Prose
    days: Annotated[
        int,
        Field(ge=1, le=90, description="How long the applicant has; only afterwards may the application be refused"),
    ] = 10


class Supplement(In):
    """The supplement."""

    model_config = with_example({"supplement": "浙江省公共数据条例第二十条第一款"})

    supplement: Prose


class ApplicationOut(Out):
    """An application, as both sides see it."""

    id: UUID
    dataset_id: UUID
    provider_id: UUID
    consumer_id: UUID
    lane: Lane
    purpose: str
    fields: list[str]
    basis: str
    scenario: str
    scope: str
    method: Literal["api", "batch", "file"]
    row_filter: dict[str, Any] | None
    not_after: datetime
    salt: Salt
    state: Literal["submitted", "supplement_requested", "approved", "refused", "withdrawn"]
    supplement_wanted: str | None
    supplement_due: Annotated[
        datetime | None, Field(description="Until when the applicant may supplement before the owner may refuse")
    ]
    supplement: str | None
    reasons: str | None
    agreement_id: UUID | None
    submitted_at: datetime
    decided_at: datetime | None


class Approved(Out):
    """An approved application and the agreement it became."""

    application: ApplicationOut
    agreement: AgreementOut
