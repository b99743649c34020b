"""Uploaded files as a kind of source."""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, field_serializer

from adapters.contract import Adapter, ImportedFile, SourceError
from adapters.files.adapter import FileAdapter
from adapters.files.options import ImportOptions
from adapters.files.process import import_bounded
from adapters.kind import Config, Described, FieldName, Import, Kind, Resources
from adapters.plan.masks import FieldType
from groundwork.text import PRINTABLE

_DIGEST: Final = re.compile("[0-9a-f]{64}")


class FileOptions(Config):
    """Options of reading a file, for where inference fails."""

    sheet: Annotated[str | None, Field(max_length=31, pattern=PRINTABLE, description="The sheet of a workbook")] = None
    header_row: Annotated[
        int | None, Field(ge=0, le=1000, description="The row of names, from 1; 0: there is none")
    ] = None
    encoding: Annotated[str | None, Field(max_length=40, pattern=PRINTABLE, examples=["gb18030"])] = None
    # A tab is a delimiter, not white space around one.
    delimiter: Annotated[str, StringConstraints(strip_whitespace=False, max_length=1, pattern=r"^[^\x00]*$")] | None = (
        None
    )
    missing: Annotated[
        list[Annotated[str, StringConstraints(max_length=100, pattern=PRINTABLE)]] | None,
        Field(max_length=50, description="Cells that count as missing, instead of the usual ones"),
    ] = None
    ragged: Annotated[Literal["refuse", "pad"], Field(description="Whether rows that are too short are filled")] = (
        "refuse"
    )
    types: Annotated[
        dict[FieldName, FieldType],
        Field(max_length=500, description="Types of fields by name"),
    ] = {}
    time_zone: Annotated[str, Field(max_length=64, description="Where times without a zone were written")] = "UTC"
    hidden: Annotated[
        Literal["leave-out", "include"],
        Field(description="Whether a sheet's hidden columns and rows, and rows that a filter hides, are included"),
    ] = "leave-out"


class FileConfig(Config):
    """A file, uploaded to the source's content address after registration."""

    options: FileOptions = FileOptions()

    @field_serializer("options")
    def _options(self, options: FileOptions) -> dict[str, Any]:
        """Defaults are not stored: a later version finds out better."""
        return options.model_dump(mode="json", exclude_defaults=True)


def _open(_config: FileConfig, described: Described | None, resources: Resources) -> Adapter:
    if described is None or not _DIGEST.fullmatch(described.digest):
        raise SourceError("option-invalid", "a snapshot is named by a hex SHA-256")
    return FileAdapter(resources.snapshots / f"{described.digest}.parquet", resources.engine)


def _import(config: FileConfig, path: Path, directory: Path, terms: Import) -> ImportedFile:
    options = config.options.model_dump(exclude_defaults=True)
    if config.options.missing is not None:
        options["missing"] = tuple(config.options.missing)
    limits = terms.limits
    parsed = ImportOptions(**options, expected=terms.expected, max_bytes=limits.content)
    return import_bounded(path, directory, parsed, limits)


FILE: Final = Kind(name="file", config=FileConfig, open=_open, import_file=_import)
