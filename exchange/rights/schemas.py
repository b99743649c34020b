"""Requests and answers about the registration of rights."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from exchange.kernel.schemas import In, Out, Prose, Salt, Text, with_example
from exchange.rights.forms.form import Proof, RightsContact, RightsForm
from exchange.rights.forms.tables import Right

Kind = Literal["initial", "renewal", "transfer", "change", "cancellation"]
RecordState = Literal["valid", "restricted", "transferred", "cancelled", "lapsed"]
CERTIFICATE: Final = re.compile(r"SJ\d{2}\d\d{4}(0[1-9]|1[0-2])(?!0000)\d{4}", re.ASCII)
"""A certificate's number (Annex 6): SJ, region (2), registrar (1), year and month, serial of the month from 0001."""
CODE_PATTERN = r"^QY\d{6}\d{4,6}$"
"""A registration code of this exchange: QY, year and month, serial of the month. It is no certificate's number."""
Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN), Field(examples=["QY2026120001"])]
Proofs = Annotated[list[Proof], Field(min_length=1, max_length=20)]
_DIGEST = "5f0c9a3f6c1f1a0f7b3ad0de3b1f5a6e2c0b7e6d4c8b9a1f2e3d4c5b6a798081"
_PROOF = {"title": "合同", "digest": _DIGEST}
_ID = "01930b2e-6f1a-7000-8000-000000000003"
_FORM: dict[str, Any] = RightsForm.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,assignment]


class NewRights(In):
    """An application for a first registration over a dataset; the form may be incomplete until it is filed."""

    model_config = with_example({"dataset": _ID, "form": _FORM})

    dataset: Annotated[str, StringConstraints(min_length=1, max_length=200), Field(description="Its id or name")]
    form: RightsForm
    contact: RightsContact | None = None


class CheckedForm(In):
    """A form to check, about a dataset."""

    model_config = with_example({"dataset": _ID, "form": _FORM})

    dataset: Annotated[str, StringConstraints(min_length=1, max_length=200), Field(description="Its id or name")]
    form: RightsForm


class Redraft(In):
    """The form anew, before it is filed; every other party confirms it again."""

    model_config = with_example({"form": _FORM})

    form: RightsForm
    contact: RightsContact | None = None


class Renewal(In):
    """A renewal: until when, at most the longest term from its deposit."""

    model_config = with_example({"valid_until": "2031-11-30", "statement": "继续持有"})

    valid_until: date | None = None
    statement: Prose


class Transfer(In):
    """A transfer of rights: to whom, which of them, by which contract. The transferor keeps nothing of what it transfers."""

    model_config = with_example(
        {"transferee": "91330000MA00000008", "rights": ["OPERATE"], "contract": _PROOF, "statement": "整体转让经营权"}
    )

    transferee: Annotated[
        Text, Field(description="统一社会信用代码 of an organisation of this exchange, which confirms")
    ]
    rights: Annotated[list[Right], Field(min_length=1, max_length=3)]
    contract: Proof
    statement: Prose


class Change(In):
    """A change of what a record describes: never of the holder, the rights or the source."""

    model_config = with_example(
        {"summary": "企业招聘中形成的岗位需求，按周汇总", "to": "2026-12-31", "statement": "延长"}
    )

    summary: Annotated[str | None, StringConstraints(min_length=1, max_length=400)] = None
    since: date | None = None
    to: date | None = None
    frequency: Text | None = None
    statement: Prose


class Cancellation(In):
    """A cancellation, with its reason."""

    model_config = with_example({"reason": "destroyed", "statement": "数据已销毁"})

    reason: Literal["request", "destroyed", "objection", "law"]
    statement: Prose


class Amended(In):
    """What an application about a record asks for, anew: one member, that of its kind."""

    model_config = with_example({"renewal": {"valid_until": "2031-11-30", "statement": "继续持有"}})

    renewal: Renewal | None = None
    transfer: Transfer | None = None
    change: Change | None = None
    cancellation: Cancellation | None = None


class Stated(In):
    """What the registrar or a side states; the parties read it, and the ledger has its salted digest."""

    model_config = with_example({"statement": "经核查"})

    statement: Prose


class WithEvidence(In):
    """A statement with evidence, such as an objection under one's name or a court's document."""

    model_config = with_example({"statement": "该数据由我单位采集", "evidence": [_PROOF]})

    statement: Prose
    evidence: Proofs


class Returned(In):
    """The one full list of what is missing; it cannot be followed by a second one (Article 17)."""

    model_config = with_example({"missing": ["数据样例", "权利来源证明"]})

    missing: Annotated[list[Text], Field(min_length=1, max_length=50)]


class RefusedFor(In):
    """A refusal with its reasons of Article 22: `harm` to the state, the public or others; `unlawful_source`;
    `unresolved_dispute` over who has the right; `concealment` or false proof; `other_law`.
    """

    model_config = with_example({"reasons": ["unlawful_source"], "statement": "未能证明合法取得"})

    reasons: Annotated[
        list[Literal["harm", "unlawful_source", "unresolved_dispute", "concealment", "other_law"]],
        Field(min_length=1, max_length=5),
    ]
    statement: Prose


class Extended(In):
    """An extension of the review by working days, once."""

    model_config = with_example({"days": 5, "statement": "需向第三方核实"})

    days: Annotated[int, Field(ge=1, le=100)]
    statement: Prose


class NewCertificate(In):
    """The number of an outside certificate (数据产权登记凭证) to link to a record, and the state that its holder states."""

    model_config = with_example({"number": "SJ3312026080001", "registrar": "示范登记机构", "stated": "valid"})

    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,20}$")]
    registrar: Text
    stated: Literal["valid", "lapsed", "cancelled"]


class CertificateCheck(In):
    """What a registrar found when it checked an outside certificate with its issuer."""

    model_config = with_example({"checked": "confirmed"})

    checked: Literal["confirmed", "contradicted", "not_found"]


class FaultOut(Out):
    """A fault of a form: its place, what to do in both languages, and the article."""

    at: str
    error: str
    error_zh: str
    article: str


class ChecksOut(Out):
    """The faults of a form; none: it can be filed. `registrable` are the rights that its situation allows as it stands."""

    faults: list[FaultOut]
    registrable: list[Right]


class RightsStatementOut(Out):
    """A statement of a step."""

    type: str
    organisation: UUID
    statement: str
    codes: list[str]
    evidence: list[Proof]
    salt: Salt
    stated_at: datetime


class ObjectionOut(Out):
    """An objection."""

    id: UUID
    organisation: UUID
    state: Literal["open", "upheld", "dismissed", "over"]
    statement: str
    evidence: list[Proof]
    decision: str | None
    due: Annotated[date | None, Field(description="The registrar's last day; null once it is decided")]
    filed_at: datetime
    decided_at: datetime | None


class PartyOut(Out):
    """A party beside the applicant."""

    organisation: UUID
    confirmed_at: datetime | None


class ClockOut(Out):
    """A clock of an application; `due` is null where it is paused, or that year's calendar is not loaded."""

    clock: str
    due: date | None
    article: str
    paused_at: datetime | None
    overdue_at: datetime | None
    ended_at: datetime | None
    outcome: str | None


class RightsApplicationOut(Out):
    """An application, as its parties and registrars see it."""

    id: UUID
    kind: Kind
    state: str
    verbs: Annotated[list[str], Field(description="What can happen next")]
    dataset: UUID
    applicant: UUID
    record: Annotated[UUID | None, Field(description="The record that it is about")]
    form: dict[str, Any]
    form_digest: Annotated[str, Field(description="Salted SHA-256 of the form, as on the ledger")]
    salt: Salt
    contact: Annotated[
        RightsContact | None, Field(description="Only where one application is read, by applicant or registrar")
    ]
    parties: list[PartyOut]
    drafted_at: datetime
    filed_at: datetime | None
    accepted_on: Annotated[date | None, Field(description="The day after which the review counts")]
    is_deemed_accepted: bool
    publicity_from: date | None
    publicity_until: Annotated[
        date | None, Field(description="The last day of the publicity, where the calendar has it")
    ]
    registered_at: datetime | None
    records: Annotated[list[Code], Field(description="The codes of the records that its deposit entered")]
    clocks: list[ClockOut]
    statements: list[RightsStatementOut]
    objections: list[ObjectionOut]


class HoldingOut(Out):
    """A right of a record."""

    right: Right
    label: Annotated[str, Field(description="持有权, 使用权 or 经营权")]
    until: date | None
    limits: str | None
    ended_at: datetime | None


class CertificateOut(Out):
    """An outside certificate that is linked to a record: what its holder states of it, and what a check found."""

    id: UUID
    number: str
    registrar: str
    stated: Literal["valid", "lapsed", "cancelled"]
    checked: Literal["unchecked", "confirmed", "contradicted", "not_found"]
    checked_at: datetime | None


class PublicRecord(Out):
    """A record as anyone may read it by its code."""

    code: Code
    notice: Annotated[str, Field(description="What the record is, and what it is not")]
    state: RecordState
    in_force: Annotated[
        bool, Field(description="Whether its rights hold today: not ended, and its last day is not over")
    ]
    dataset: UUID
    holder: Annotated[str, Field(description="The holder's name")]
    holder_code: Annotated[str, Field(description="统一社会信用代码")]
    rights: list[HoldingOut]
    document: Annotated[dict[str, Any], Field(description="The name, summary, source, scope, time and restrictions")]
    digest: Annotated[str, Field(description="SHA-256 of the document as canonical JSON, as on the ledger")]
    registered_at: datetime
    valid_until: Annotated[date, Field(description="The last day")]
    certificates: list[CertificateOut]


class RecordOut(PublicRecord):
    """A record, as its holder and registrars see it."""

    id: UUID
    application: UUID
    organisation: UUID
    verbs: list[str]
    renewal_from: date
    renewal_until: Annotated[date, Field(description="The last day on which a renewal can be filed")]
    statements: list[RightsStatementOut]


class Publicised(Out):
    """An application in publicity (Article 24), until its last day; any organisation may object under its name."""

    id: UUID
    kind: Kind
    record: Annotated[Code | None, Field(description="Of an application about a record: its code")]
    applicant: str
    name: str
    summary: str
    rights: Annotated[list[dict[str, Any]], Field(description="Who is to have which; none where no holder changes")]
    restrictions: dict[str, Any]
    changes: Annotated[dict[str, Any], Field(description="Of an application about a record: what changes")]
    publicity_from: date
    publicity_until: date | None
