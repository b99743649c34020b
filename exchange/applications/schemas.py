"""Requests and answers about applications."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, Field

from adapters.kind import FieldName
from exchange.agreements.schemas import AgreementOut, Lane
from exchange.calendar.schemas import DeadlineOut
from exchange.catalog.terms.schemas import AnswerName, Assessments, MaskDocument, Purpose, RowFilter
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
    fields: Annotated[
        list[FieldName], Field(max_length=500, description="At least one, unless answers are asked for")
    ] = []
    answers: Annotated[
        list[AnswerName], Field(max_length=50, description="Answers about one person that the terms offer, by name")
    ] = []
    purpose: Purpose
    basis: Annotated[Prose, Field(description="使用依据: the law or duty that the use rests on")]
    scenario: Annotated[Prose, Field(description="使用场景")]
    scope: Annotated[Prose, Field(description="使用范围")]
    method: Annotated[Literal["api", "batch", "file"], Field(description="共享方式")] = "api"
    row_filter: RowFilter = None
    not_after: Annotated[Moment, Field(description="使用时限")]
    return_flow: Annotated[
        bool,
        Field(
            description="数据回流: a department asks a higher level for data that was collected in its own region; no "
            "further conditions apply (Decree 809, Article 24)"
        ),
    ] = False
    amends: Annotated[
        UUID | None, Field(description="The agreement whose scope or purpose this application asks to change")
    ] = None


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

    fields: Annotated[list[FieldName] | None, Field(max_length=500)] = None
    answers: Annotated[list[AnswerName] | None, Field(max_length=50)] = None
    masks: Annotated[
        dict[str, MaskDocument], Field(description="Masks for fields that the terms leave clear, and stricter ones")
    ] = {}
    row_filter: RowFilter = None
    row_cap: Annotated[int | None, Field(ge=1)] = None
    not_after: Moment | None = None
    assessments: Annotated[
        Assessments, Field(description="Assessments on file for this recipient, beside those of the dataset")
    ] = Assessments()
    conditions: Annotated[
        list[Prose],
        Field(max_length=10, description="Conditions of the use; each has to stand in the catalogue (Article 15)"),
    ] = []
    provision: Annotated[
        Literal["at_once", "later"],
        Field(
            description="`later`, between departments: the data has to be prepared first; it is due after 20 working days "
            "(Article 22), and `POST /api/v1/agreements/{id}/activation` states that it is there"
        ),
    ] = "at_once"


class Reasons(In):
    """The reason of a refused application; `reasons` is accepted for it too."""

    model_config = with_example({"reason": "申请的用途不在共享条件之内"})

    reason: Annotated[Prose, Field(validation_alias=AliasChoices("reason", "reasons"))]
    incomplete_materials: Annotated[
        bool,
        Field(
            description="Whether the materials are incomplete: then a supplement has to be requested before a refusal"
        ),
    ] = False


class SupplementRequest(In):
    """All that an application lacks, at once: a supplement is requested a single time (Decree 809, Article 21)."""

    model_config = with_example({"missing": "使用依据的具体条款", "days": 10})

    missing: Prose
    days: Annotated[
        int,
        Field(ge=1, le=90, description="How long the applicant has; only afterwards may the application be refused"),
    ] = 10
    conditions: Annotated[
        list[Prose],
        Field(
            max_length=10, description="Conditions that the application has to meet; each has to stand in the catalogue"
        ),
    ] = []


class ExtensionConsent(In):
    """The sharing authority's consent to a longer time of the reply (Decree 809, Article 21)."""

    model_config = with_example({"days": 10, "reason": "涉及多部门会商"})

    days: Annotated[int, Field(ge=1, le=366, description="At most so many working days")]
    reason: Prose


class Extension(In):
    """An extension of the reply: by how many working days, why, and the id of the authority's consent."""

    model_config = with_example(
        {"days": 10, "reason": "涉及多部门会商", "consent": "01930b2e-6f1a-7000-8000-000000000001"}
    )

    days: Annotated[int, Field(ge=1, le=366, description="Working days")]
    reason: Prose
    consent: Annotated[
        UUID | None, Field(description="`extension_consent` of the application, once the authority has consented")
    ] = None


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
    answers: list[str] = []
    basis: str
    scenario: str
    scope: str
    method: Literal["api", "batch", "file"]
    row_filter: dict[str, Any] | None
    not_after: datetime
    salt: Salt
    state: Literal["drafted", "submitted", "supplement_requested", "extended", "approved", "refused", "withdrawn"]
    attribute: Annotated[
        str | None,
        Field(description="共享属性 between departments when it was submitted: it decides how soon the reply is due"),
    ]
    is_return_flow: bool
    amends: UUID | None
    supplement_wanted: str | None
    supplement_due: Annotated[
        datetime | None, Field(description="Until when the applicant may supplement before the owner may refuse")
    ]
    supplement: str | None
    extension_consent: Annotated[
        UUID | None, Field(description="The authority's consent to a longer time of the reply")
    ]
    extension_consent_reason: str | None
    extension_days: int | None
    extension_reason: str | None
    extended_at: Annotated[datetime | None, Field(description="When the applicant was notified of the extension")]
    reasons: str | None
    agreement_id: UUID | None
    submitted_at: Annotated[datetime | None, Field(description="When the owner received it; null for a draft")]
    decided_at: datetime | None
    deadlines: Annotated[
        list[DeadlineOut], Field(description="The times of the reply, the first one first: a supplement begins another")
    ]


class Approved(Out):
    """An approved application and the agreement it became."""

    application: ApplicationOut
    agreement: AgreementOut
