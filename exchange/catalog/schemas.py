"""What comes in and goes out about sources, datasets and terms."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    RootModel,
    StringConstraints,
    model_validator,
)

from exchange.catalog.terms.schemas import Assessments as Assessments
from exchange.catalog.terms.schemas import ConsumerGroup as ConsumerGroup
from exchange.catalog.terms.schemas import Consumers as Consumers
from exchange.catalog.terms.schemas import FieldName as FieldName
from exchange.catalog.terms.schemas import Price as Price
from exchange.catalog.terms.schemas import Purpose as Purpose
from exchange.catalog.terms.schemas import RowFilter as RowFilter
from exchange.catalog.terms.schemas import Terms as Terms
from exchange.kernel.schemas import PRINTABLE, Handle, In, Out, Prose, Salt, Text, shown
from policies.odrl.writing import CONTEXT, PROFILE

# GB/T 43697-2024: four sub-levels of general data, then important and core data.
LEVELS = ("G1", "G2", "G3", "G4", "IMPORTANT", "CORE")
Level = Literal["G1", "G2", "G3", "G4", "IMPORTANT", "CORE"]
FieldType = Literal["string", "integer", "decimal", "number", "boolean", "date", "timestamp"]


class Bilingual(In):
    """A text in Chinese and in English."""

    zh: Prose
    en: Prose


class FileOptions(In):
    """How to read a file, where finding out by itself goes wrong."""

    sheet: Annotated[str | None, Field(max_length=31, pattern=PRINTABLE, description="The sheet of a workbook")] = None
    header_row: Annotated[
        int | None, Field(ge=0, le=1000, description="The row of names, from 1; 0: there is none")
    ] = None
    encoding: Annotated[str | None, Field(max_length=40, pattern=PRINTABLE, examples=["gb18030"])] = None
    delimiter: Annotated[str | None, Field(max_length=1, pattern=r"^[^\x00]*$")] = None
    missing: Annotated[
        list[Annotated[str, StringConstraints(max_length=100, pattern=PRINTABLE)]] | None,
        Field(max_length=50, description="Cells that count as missing, instead of the usual ones"),
    ] = None
    ragged: Annotated[Literal["refuse", "pad"], Field(description="Whether rows that are too short are filled")] = (
        "refuse"
    )
    types: Annotated[
        dict[FieldName, Literal["string", "integer", "number", "boolean", "date", "timestamp"]],
        Field(max_length=500, description="Types of fields by name"),
    ] = {}
    time_zone: Annotated[str, Field(max_length=64, description="Where times without a zone were written")] = "UTC"


class FileSource(In):
    """A file, uploaded to the source's content address after registration."""

    kind: Literal["file"] = "file"
    title: Text
    options: FileOptions = FileOptions()


class PostgresqlSource(In):
    """A table or view in a PostgreSQL database of the owner's; the login should be one that may only read it."""

    kind: Literal["postgresql"]
    title: Text
    dsn: Annotated[
        str, Field(max_length=1000, pattern=PRINTABLE, description="postgresql://…; kept sealed, never answered")
    ]
    table_schema: Annotated[str, Field(min_length=1, max_length=63, pattern=PRINTABLE)] = "public"
    table: Annotated[str, Field(min_length=1, max_length=63, pattern=PRINTABLE)]


class NewSource(In):
    """A place where an organisation's data lives."""

    model_config = shown(
        {
            "organisation": "01930b2e-6f1a-7000-8000-000000000001",
            "source": {"kind": "file", "title": "学历登记表", "options": {"sheet": "2025"}},
        }
    )

    organisation: UUID
    source: Annotated[FileSource | PostgresqlSource, Field(discriminator="kind")]


class SourceOut(Out):
    """A source, with what was found in it."""

    id: UUID
    organisation_id: UUID
    kind: Literal["file", "postgresql"]
    title: str
    state: Literal["registered", "ready", "withdrawn"]
    description: Annotated[
        dict[str, Any] | None, Field(description="The inferred fields, with hints and notes; null until it was read")
    ]
    content: Annotated[str | None, Field(description="SHA-256 of the file as it came")]
    rows: int | None
    registered_at: datetime


class DatasetField(In):
    """A field that the dataset describes."""

    name: FieldName
    type: FieldType
    title: Bilingual
    level: Level
    personal: Annotated[bool, Field(description="Says something about an identified or identifiable person")] = False
    sensitive: Annotated[bool, Field(description="Sensitive personal information (PIPL Article 28)")] = False
    subject_key: Annotated[bool, Field(description="Identifies the person a row is about")] = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.sensitive or self.subject_key) and not self.personal:
            raise ValueError("a sensitive field and a subject key are personal")
        if self.personal and LEVELS.index(self.level) < LEVELS.index("G3"):
            raise ValueError("personal information is at least G3")
        if self.sensitive and LEVELS.index(self.level) < LEVELS.index("G4"):
            raise ValueError("sensitive personal information is at least G4")
        return self


class Citation(In):
    """The provision that forbids sharing; rules of departments or localities are not enough (Decree 809, Article 14)."""

    kind: Literal["law", "administrative_regulation", "state_council_decision"]
    title: Text
    article: Text


class Sharing(In):
    """The sharing attribute (共享属性), with what each value demands (Decree 809, Articles 14 and 15)."""

    attribute: Literal["unconditional", "conditional", "not_shared"]
    scope: Annotated[Prose | None, Field(description="共享范围; demanded where conditional")] = None
    use: Annotated[Prose | None, Field(description="使用用途; demanded where conditional")] = None
    reason: Annotated[Prose | None, Field(description="理由; demanded where not shared")] = None
    citation: Citation | None = None

    @model_validator(mode="after")
    def _demands(self) -> Self:
        if self.attribute == "conditional" and (self.scope is None or self.use is None):
            raise ValueError("conditional sharing states its scope and use")
        if self.attribute == "not_shared" and (self.reason is None or self.citation is None):
            raise ValueError("data that is not shared states the reason and cites the law that forbids it")
        if self.attribute != "not_shared" and (self.reason is not None or self.citation is not None):
            raise ValueError("a reason and a citation belong to data that is not shared")
        if self.attribute == "unconditional" and (self.scope is not None or self.use is not None):
            raise ValueError("unconditional sharing has no conditions")
        return self


class DatasetDocument(In):
    """What a dataset is and under which terms it is offered."""

    title: Bilingual
    description: Bilingual
    keywords: Annotated[list[Text], Field(max_length=30)] = []
    update_frequency: Literal["real-time", "daily", "weekly", "monthly", "quarterly", "yearly", "irregular"] = (
        "irregular"
    )
    fields: Annotated[list[DatasetField], Field(min_length=1, max_length=500)]
    level: Annotated[Level | None, Field(description="At least the highest field's; left out: that")] = None
    sharing: Sharing
    terms: Terms
    # Left out where there are none, so that a version from before they could be recorded is what its digest is over.
    assessments: Annotated[Assessments, Field(exclude_if=lambda found: not found.on_file)] = Assessments()

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


class NewDataset(In):
    """A dataset to draft over a source."""

    model_config = shown(
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
    """An ODRL 2.2 policy in JSON-LD; docs/terms.md says what it may hold."""

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


class Withdrawn(Out):
    """Why a dataset was withdrawn."""

    reason: str
    salt: Salt


class DatasetOut(Out):
    """A dataset as you may see it: its owner sees more."""

    id: UUID
    organisation_id: UUID
    organisation: str
    handle: str
    state: Literal["draft", "published", "withdrawn"]
    version: Annotated[int, Field(description="The published version; 0 before the first")]
    document: Annotated[DatasetDocument | None, Field(description="The published version's document")]
    withheld: Annotated[
        list[str],
        Field(description="Where the document has more than you see", examples=[["terms/row_filter"]]),
    ]
    draft: Annotated[DatasetDocument | None, Field(description="Its owner's to see")]
    digest: Annotated[str | None, Field(description="The salted digest of the published document, as on the ledger")]
    salt: Annotated[str | None, Field(description="The digest's salt; its owner's to see")]
    published_at: datetime | None
    withdrawal: Annotated[Withdrawn | None, Field(description="Its owner's to see")]


class Withdrawal(In):
    """Why a dataset is withdrawn; kept with the exchange, its salted digest on the ledger."""

    model_config = shown({"reason": "并入新的数据集"})

    reason: Prose
