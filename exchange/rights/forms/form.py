"""The form of an application (Annex 1 of the guidelines). Every member may lack while it is filled; `checks` says what does.

Members with a list of values are plain texts here, so that one answer names every wrong value with what to do.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from exchange.kernel.schemas import In, Prose, Text, with_example

MAX_NAME = 40
MAX_SUMMARY = 400
Count = Annotated[int, Field(ge=0, le=2**53)]
_DIGEST = "5f0c9a3f6c1f1a0f7b3ad0de3b1f5a6e2c0b7e6d4c8b9a1f2e3d4c5b6a798081"


class Proof(In):
    """A document that proves something: its title and its SHA-256. The applicant keeps it for the registrar to see."""

    title: Text
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(description="SHA-256 of the document")]


class DataName(In):
    """The name of the data, from its five parts in this order: 时间 + 地域 + 行业 + 内容 + 数据类型, 40 characters at most."""

    time: Text | None = None
    region: Text | None = None
    industry: Text | None = None
    content: Text | None = None
    kind: Text | None = None

    @property
    def text(self) -> str:
        """The whole name."""
        return "".join(part or "" for part in (self.time, self.region, self.industry, self.content, self.kind))


class HeldRight(In):
    """A right of a holder: HOLD, USE or OPERATE, until when, and its limits."""

    right: Text | None = None
    until: date | None = None
    limits: Prose | None = None


class Holder(In):
    """A holder in the allocation of rights (权利配置说明): an organisation of this exchange, by its code."""

    name: Text | None = None
    code: Annotated[Text | None, Field(description="统一社会信用代码")] = None
    rights: Annotated[list[HeldRight], Field(max_length=3)] = []
    proof: Proof | None = None


class Restrictions(In):
    """Restrictions of use; `无` where there is none."""

    recipients: Prose | None = None
    qualification: Prose | None = None
    environment: Prose | None = None
    region: Prose | None = None
    resale: bool | None = None
    export: bool | None = None


class Fingerprint(In):
    """The fingerprint of the data that `exchange-client rights fingerprint` makes: its digest, and the number of rows.

    The applicant keeps its file, which tells the deposited parts of a disputed copy.
    """

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(description="SHA-256 of its head")]
    rows: Count


class RightsContact(In):
    """Whom the registrar asks. It is sealed: the applicant and registrars read it, and no publicity shows it."""

    name: Text
    phone: Text
    address: Text


class RightsForm(In):
    """What a first registration asks for."""

    model_config = with_example(
        {
            "data_class": "enterprise",
            "situation": "own_operation",
            "source_type": "collected",
            "name": {
                "time": "2025年",
                "region": "浙江",
                "industry": "人力资源",
                "content": "岗位需求",
                "kind": "数据集",
            },
            "summary": "企业招聘中形成的岗位需求，按月汇总",
            "industry": "L72",
            "applicant_type": "legal_person",
            "business": "人力资源服务",
            "scope": "province",
            "since": "2025-01-01",
            "to": "2025-12-31",
            "frequency": "month",
            "rows": 120_000,
            "medium": "table",
            "structure": "structured",
            "restrictions": {
                "recipients": "无",
                "qualification": "无",
                "environment": "无",
                "region": "无",
                "resale": False,
                "export": False,
            },
            "holders": [
                {
                    "name": "示范人才集团",
                    "code": "91330000MA00000008",
                    "rights": [{"right": "HOLD"}, {"right": "USE"}, {"right": "OPERATE", "limits": "境内"}],
                    "proof": {"title": "权属说明", "digest": _DIGEST},
                }
            ],
            "attachments": {
                name: {"title": name, "digest": _DIGEST}
                for name in ("identity", "acquisition", "sample", "description")
            },
        }
    )

    data_class: Annotated[Text | None, Field(description="Whose data (Article 15)")] = None
    situation: Annotated[Text | None, Field(description="How it came about (Article 21)")] = None
    source_type: Annotated[Text | None, Field(description="collected, public_web, agreement or derived")] = None
    name: DataName = DataName()
    summary: Prose | None = None
    industry: Annotated[Text | None, Field(description="GB/T 4754: section and division, such as I65")] = None
    applicant_type: Annotated[Text | None, Field(description="legal_person or unincorporated")] = None
    business: Annotated[Prose | None, Field(description="经营情况")] = None
    scope: Annotated[Text | None, Field(description="international, national, province, city or county_or_below")] = (
        None
    )
    since: date | None = None
    to: date | None = None
    frequency: Annotated[Text | None, Field(description="day, week, month, year, on_demand, real_time or other")] = None
    rows: Count | None = None
    bytes: Count | None = None
    medium: Annotated[Text | None, Field(description="image, text, video, audio, table or other")] = None
    structure: Annotated[Text | None, Field(description="structured, semi_structured or unstructured")] = None
    restrictions: Restrictions = Restrictions()
    holders: Annotated[list[Holder], Field(max_length=20)] = []
    attachments: Annotated[
        dict[Literal["identity", "acquisition", "sample", "description", "lawfulness"], Proof], Field(max_length=5)
    ] = {}
    evidence: Annotated[
        dict[
            Literal["no_substitution", "consent_of_others", "use_of_original", "agreed_otherwise"],
            Proof,
        ],
        Field(max_length=4, description="Proof that further rights need"),
    ] = {}
    fingerprint: Annotated[
        Fingerprint | None, Field(description="Voluntary evidence of which data it is (Article 26); public")
    ] = None
    public_registration: Annotated[
        Text | None, Field(description="The number of the registration as a public data resource")
    ] = None
    valid_until: Annotated[date | None, Field(description="The longest term where it is left out")] = None
