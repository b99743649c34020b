"""Requests and answers about notices."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from adapters.kind import FieldName
from exchange.catalog.terms.schemas import Purpose
from exchange.kernel.schemas import PROSE, In, Moment, Out, Prose, Salt, Text, with_example
from exchange.subjects.schemas import Reference

FullText = Annotated[str, StringConstraints(min_length=1, max_length=40_000, pattern=PROSE)]
_EXAMPLE: dict[str, Any] = {
    "dataset": "demo-education/degrees",
    "recipient": "demo-talent-service",
    "purpose": "talent-service",
    "fields": ["name", "degree"],
    "version": "2026-1",
    "text": "我们将您的姓名、学历提供给人才服务中心，用于人才服务。您可以随时撤回同意。",
    "controller": {"name": "省教育厅", "contact": "0571-00000000"},
    "recipient_contact": {"name": "人才服务中心", "contact": "0571-11111111"},
    "purpose_text": "核验人才认定申请人的学历",
    "processing": "接口查询，按次返回",
    "retention_days": 365,
    "retention_basis": "人才认定的有效期",
    "at_expiry": "到期删除",
    "term_days": 730,
    "rights": "可向数据处室查阅、复制、更正、删除",
    "withdrawal": "在个人门户撤回，或到窗口办理，与同意同样方便",
    "in_use_since": "2026-01-01T00:00:00+08:00",
}


class Contact(In):
    """An organisation's name and how people reach it (PIPL Article 17)."""

    name: Text
    contact: Annotated[Text, Field(description="Telephone, address or mail")]


class Frequency(In):
    """How often the recipient may fetch a person's data (the Account Aggregator's `Frequency`)."""

    times: Annotated[int, Field(ge=1, le=1_000_000)]
    unit: Literal["hour", "day", "month", "year"]


class CrossBorder(In):
    """A recipient outside China (PIPL Article 39)."""

    country: Text
    rights: Annotated[Prose, Field(description="How people exercise their rights against the recipient abroad")]


class NewNotice(In):
    """A notice (告知书) with everything that PIPL Articles 17, 23, 30, 31 and 39 and Decree 790 Article 21 demand."""

    model_config = with_example(_EXAMPLE)

    dataset: Reference
    recipient: Annotated[
        str, Field(min_length=1, max_length=63, description="The recipient's handle or id", examples=["demo-talent"])
    ]
    purpose: Purpose
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=500, description="The list of what is provided")]
    identified_by: Annotated[
        FieldName | None, Field(description="The field that identifies the person; required where there are several")
    ] = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")] = "zh-CN"
    version: Annotated[Text, Field(description="The owner's own number of this text")]
    text: Annotated[FullText, Field(description="The whole text as people are shown it")]
    controller: Contact
    recipient_contact: Contact
    purpose_text: Prose
    processing: Annotated[Prose, Field(description="How the recipient processes the data (处理方式)")]
    retention_days: Annotated[int, Field(ge=1, le=36_600, description="How long the recipient may keep it, in days")]
    retention_basis: Annotated[Prose, Field(description="How the retention is determined")]
    at_expiry: Annotated[Prose, Field(description="What happens when the retention is over")]
    term_days: Annotated[int, Field(ge=1, le=36_600, description="How long a consent holds, in days")]
    rights: Annotated[Prose, Field(description="How people have access, copies, corrections and deletions")]
    withdrawal: Annotated[Prose, Field(description="How people withdraw, as easily as they give")]
    in_use_since: Annotated[Moment, Field(description="Since when people are shown this text")]
    separate: Annotated[
        bool, Field(description="Consent to this alone; required for providing data to others (PIPL Article 23)")
    ] = True
    written: Annotated[bool, Field(description="A law demands the written form (PIPL Article 29)")] = False
    necessity_and_impact: Annotated[
        Prose | None, Field(description="Required for sensitive information (PIPL Article 30)")
    ] = None
    children_rules: Annotated[
        Prose | None, Field(description="Required for people under 14: the rules for their information (Article 31)")
    ] = None
    cross_border: CrossBorder | None = None
    frequency: Frequency | None = None
    storage: Annotated[Text, Field(description="Where the recipient stores the data")] = "中国境内"
    jurisdiction: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")] = "CN"


class Closing(In):
    """The reason for closing a notice. The exchange keeps it; the ledger holds its salted digest."""

    model_config = with_example({"reason": "改用新的告知书"})

    reason: Prose


class NoticeOut(Out):
    """A notice, with how many people decided how. A recipient sees no counts."""

    id: UUID
    dataset_id: UUID
    controller_id: UUID
    recipient_id: UUID
    purpose: str
    fields: list[str]
    identified_by: str
    document: Annotated[dict[str, Any], Field(description="What people are shown; its salted digest is on the ledger")]
    digest: str
    salt: Salt
    term_days: int
    in_use_since: datetime
    published_at: datetime
    closed_at: datetime | None
    counts: Annotated[dict[str, int] | None, Field(description="Records by state; for the owner's side only")] = None
