"""What comes in and goes out about sources."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from exchange.kernel.schemas import PRINTABLE, In, Out, Text, with_example

FieldName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=120, pattern=PRINTABLE),
    Field(description="The field's name in the source", examples=["degree"]),
]


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

    model_config = with_example(
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
