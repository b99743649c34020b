"""Requests and answers about datasets."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    RootModel,
    StringConstraints,
    model_validator,
)

from adapters.kind import FieldName
from exchange.catalog.identifier_schemes import IdentifierScheme
from exchange.catalog.terms.schemas import Assessments, Terms
from exchange.kernel.schemas import PRINTABLE, Handle, In, Out, Prose, Salt, Text, with_example
from policies.odrl.writing import CONTEXT, PROFILE

# GB/T 43697-2024: four sub-levels of general data, then important and core data.
LEVELS = ("G1", "G2", "G3", "G4", "IMPORTANT", "CORE")
Level = Literal["G1", "G2", "G3", "G4", "IMPORTANT", "CORE"]
Frequency = Literal["real-time", "daily", "weekly", "monthly", "quarterly", "yearly", "irregular"]
FieldType = Literal["string", "integer", "decimal", "number", "boolean", "date", "timestamp"]


def _is_absent(value: object) -> bool:
    return value is None or value == []


class Bilingual(In):
    """A text in Chinese and in English."""

    zh: Prose
    en: Prose


class DatasetField(In):
    """A field that the dataset describes."""

    name: FieldName
    type: FieldType
    title: Bilingual
    level: Level
    personal: Annotated[bool, Field(description="Information about an identified or identifiable person")] = False
    sensitive: Annotated[bool, Field(description="Sensitive personal information (PIPL Article 28)")] = False
    subject_key: Annotated[bool, Field(description="Identifies the person a row is about")] = False
    # Left out where empty, so that versions older than this member keep their digests.
    identifier: Annotated[
        IdentifierScheme | None,
        Field(
            description="The scheme of a subject key, by which owners mean the same person; without it, only this owner",
            exclude_if=lambda scheme: scheme is None,
        ),
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.identifier is not None and not (self.subject_key and self.type in {"string", "integer"}):
            raise ValueError("a field with a scheme of identifiers is a subject key, and a string or an integer")
        if (self.sensitive or self.subject_key) and not self.personal:
            raise ValueError("a sensitive field and a subject key are personal")
        if self.personal and LEVELS.index(self.level) < LEVELS.index("G3"):
            raise ValueError("personal information is at least G3")
        if self.sensitive and LEVELS.index(self.level) < LEVELS.index("G4"):
            raise ValueError("sensitive personal information is at least G4")
        return self


class Citation(In):
    """The provision that forbids sharing; departmental or local rules do not count (Decree 809, Article 14)."""

    kind: Literal["law", "administrative_regulation", "state_council_decision"]
    title: Text
    article: Text


class Sharing(In):
    """The sharing attribute (共享属性), and what each value requires (Decree 809, Articles 14 and 15)."""

    attribute: Literal["unconditional", "conditional", "not_shared"]
    scope: Annotated[Prose | None, Field(description="共享范围; required where conditional")] = None
    use: Annotated[Prose | None, Field(description="使用用途; required where conditional")] = None
    reason: Annotated[Prose | None, Field(description="理由; required where not shared")] = None
    citation: Citation | None = None
    # Members at their defaults are left out, so that versions older than them keep their digests.
    methods: Annotated[
        list[Literal["api", "batch", "file"]],
        Field(description="共享方式: 服务接口, 批量交换, 文件下载", max_length=3, exclude_if=_is_absent),
    ] = []
    conditions: Annotated[
        Prose | None,
        Field(description="使用条件, beyond scope and use; nothing else may be asked", exclude_if=_is_absent),
    ] = None

    @model_validator(mode="after")
    def _demands(self) -> Self:
        if self.attribute == "conditional" and (self.scope is None or self.use is None):
            raise ValueError("conditional sharing states its scope and use")
        if self.attribute == "not_shared" and (self.reason is None or self.citation is None):
            raise ValueError("data that is not shared states the reason and cites the law that forbids it")
        if self.attribute != "not_shared" and (self.reason is not None or self.citation is not None):
            raise ValueError("a reason and a citation belong to data that is not shared")
        if self.attribute == "unconditional" and (self.scope, self.use, self.conditions) != (None, None, None):
            raise ValueError("unconditional sharing has no conditions")
        return self


class Classification(In):
    """The class of the data in the catalogue (数据分类); its grade is the dataset's `level`."""

    kind: Annotated[
        Literal["base", "theme", "department"], Field(description="基础信息资源, 主题信息资源, 部门信息资源")
    ]
    path: Annotated[list[Text], Field(description="项, 目, 细目", min_length=1, max_length=4)]
    code: Annotated[str | None, StringConstraints(pattern=r"^[0-9A-Za-z/]{1,40}$"), Field(exclude_if=_is_absent)] = None


class Derivation(In):
    """A dataset that another one is derived from; with the agreement under which it was received, unless it is one's own."""

    dataset: UUID
    agreement: Annotated[
        UUID | None,
        Field(description="The agreement of the deriving organisation; null for a dataset of its own"),
    ] = None


class DatasetDocument(In):
    """The description of a dataset, and the terms under which it is offered."""

    title: Bilingual
    description: Bilingual
    keywords: Annotated[list[Text], Field(max_length=30)] = []
    update_frequency: Frequency = "irregular"
    fields: Annotated[list[DatasetField], Field(min_length=1, max_length=500)]
    level: Annotated[
        Level | None, Field(description="At least the highest level of a field, which is also the default")
    ] = None
    sharing: Sharing
    terms: Terms
    # Left out where empty, so that versions older than these members keep their digests.
    classification: Annotated[Classification | None, Field(exclude_if=_is_absent)] = None
    format: Annotated[
        Text | None, Field(description="数据格式 of the source, such as CSV or a table", exclude_if=_is_absent)
    ] = None
    assessments: Annotated[Assessments, Field(exclude_if=lambda assessments: not assessments.on_file)] = Assessments()
    derived_from: Annotated[
        list[Derivation],
        Field(
            description="The datasets that this one is derived from; their limits on passing on hold for it",
            max_length=50,
            exclude_if=_is_absent,
        ),
    ] = []

    @property
    def effective_level(self) -> Level:
        """The dataset's level: the higher of its own and its fields' (就高从严)."""
        ranked = [LEVELS.index(field.level) for field in self.fields]
        return LEVELS[max([*ranked, LEVELS.index(self.level or "G1")])]  # type: ignore[return-value]

    @model_validator(mode="after")
    def _level_not_below_fields(self) -> Self:
        if self.level is not None and self.effective_level != self.level:
            raise ValueError("the dataset's level is below one of its fields' levels")
        return self

    @model_validator(mode="after")
    def _inputs_named_once(self) -> Self:
        if len({(each.dataset, each.agreement) for each in self.derived_from}) < len(self.derived_from):
            raise ValueError("`derived_from` names a dataset twice under the same agreement")
        return self


class NewDataset(In):
    """A dataset to draft over a source."""

    model_config = with_example(
        {
            "source": "01930b2e-6f1a-7000-8000-000000000003",
            "handle": "degrees",
            "document": {
                "title": {"zh": "学历", "en": "Degrees"},
                "description": {"zh": "高等学校授予的学历", "en": "Degrees awarded by universities"},
                "keywords": ["学历"],
                "update_frequency": "yearly",
                "fields": [
                    {
                        "name": "name",
                        "type": "string",
                        "title": {"zh": "姓名", "en": "Name"},
                        "level": "G3",
                        "personal": True,
                    },
                    {"name": "degree", "type": "string", "title": {"zh": "学历", "en": "Degree"}, "level": "G2"},
                ],
                "sharing": {"attribute": "conditional", "scope": "省内各部门", "use": "人才服务"},
                "terms": {
                    "consumers": {"kinds": ["department", "institution"]},
                    "purposes": ["talent-service"],
                    "fields": ["name", "degree"],
                    "masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
                    "row_cap": 100_000,
                },
                "assessments": {
                    "impact": {
                        "reference": "学历数据个人信息保护影响评估 2026-3",
                        "digest": "5f0c9a3f6c1f1a0f7b3ad0de3b1f5a6e2c0b7e6d4c8b9a1f2e3d4c5b6a798081",
                        "concluded_on": "2026-03-31",
                    }
                },
            },
        }
    )

    source: UUID
    handle: Handle
    document: DatasetDocument


class Policy(RootModel[dict[str, JsonValue]]):
    """An ODRL 2.2 policy in JSON-LD, of the form that docs/terms.md describes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "@context": CONTEXT,
                    "@type": "Offer",
                    "profile": PROFILE,
                    "assigner": "urn:uuid:01930b2e-6f1a-7000-8000-000000000001",
                    "permission": [
                        {
                            "target": "urn:uuid:01930b2e-6f1a-7000-8000-000000000003",
                            "action": "use",
                            "constraint": [
                                {"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["talent-service"]},
                                {"leftOperand": "dx:field", "operator": "isAnyOf", "rightOperand": ["degree"]},
                            ],
                        }
                    ],
                    "prohibition": [
                        {"target": "urn:uuid:01930b2e-6f1a-7000-8000-000000000003", "action": "distribute"}
                    ],
                }
            ]
        }
    )


class Publication(In):
    """How agreements that the version does not fit are treated; without it, such a version is refused."""

    model_config = with_example({"unfit": "suspend", "reason": "字段编码改版"})

    unfit: Annotated[
        Literal["suspend", "terminate", "keep"] | None,
        Field(description="`keep`: they stay active, deliver what still fits, and refuse the rest"),
    ] = None
    reason: Annotated[Prose | None, Field(description="Given to both sides of these agreements")] = None

    @model_validator(mode="after")
    def _refuse_half(self) -> Self:
        if (self.unfit is None) != (self.reason is None):
            raise ValueError("`unfit` and `reason` belong together")
        return self


class Withdrawn(Out):
    """The reason why a dataset was withdrawn."""

    reason: str
    salt: Salt


class DatasetOut(Out):
    """A dataset, as far as you may see it."""

    id: UUID
    organisation_id: UUID
    organisation: str
    handle: str
    state: Literal["draft", "published", "withdrawn"]
    version: Annotated[int, Field(description="The published version; 0 before the first")]
    document: Annotated[DatasetDocument | None, Field(description="The published version's document")]
    withheld: Annotated[
        list[str],
        Field(description="Pointers of the document's parts that only its owner sees", examples=[["terms/row_filter"]]),
    ]
    draft: Annotated[DatasetDocument | None, Field(description="Shown to its owner only")]
    digest: Annotated[str | None, Field(description="The salted digest of the published document, as on the ledger")]
    salt: Annotated[str | None, Field(description="The digest's salt; shown to its owner only")]
    source: Annotated[
        UUID | None, Field(description="The source of the published version, or of the first draft; for its owner only")
    ]
    published_at: datetime | None
    content_version: Annotated[
        int | None,
        Field(description="Counts the contents of the published version's source: a refresh counts one more"),
    ]
    refreshed_at: Annotated[datetime | None, Field(description="When the last of these contents came")]
    withdrawal: Annotated[Withdrawn | None, Field(description="Shown to its owner only")]


class Withdrawal(In):
    """The reason for a withdrawal. The exchange keeps it; the ledger holds its salted digest."""

    model_config = with_example({"reason": "并入新的数据集"})

    reason: Prose


Words = Annotated[
    str | None,
    StringConstraints(max_length=200, pattern=PRINTABLE),
    Field(
        description="Only datasets with each of these words in a title, description, keyword, field or name",
        examples=["学历", "degree"],
    ),
]


class CatalogueSearch(In):
    """A page of the public catalogue, and what is looked for in it."""

    q: Words = None
    attribute: Annotated[
        Literal["unconditional", "conditional", "not_shared"] | None, Field(description="Only this sharing attribute")
    ] = None
    provider: Annotated[Handle | None, Field(description="Only this organisation's, by handle")] = None
    frequency: Annotated[Frequency | None, Field(description="Only those updated so often")] = None
    level: Annotated[Level | None, Field(description="Only this grade, or without it the highest of the fields")] = None
    after: Annotated[UUID | None, Field(description="The last dataset id of the page before")] = None


class DatasetSearch(CatalogueSearch):
    """A page of datasets."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
