"""The description of a source: its fields, rows and key, with notes and hints for its owner."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from adapters.plan.plan import Field

NoteCode: TypeAlias = Literal[
    "title-rows-dropped",
    "section-rows",
    "blank-rows-dropped",
    "footnotes-dropped",
    "column-dropped",
    "column-renamed",
    "cells-filled",
    "formulas-empty",
    "rows-padded",
    "total-row",
    "missing-values",
    "kept-as-text",
    "kept-as-number",
    "converted",
    "time-zone-assumed",
    "other-sheets",
    "hidden-cells",
    "digits-lost",
    "second-table",
    "numbering-row",
    "lone-rows",
    "one-column",
    "encoding",
    "role-can-write",
    "key-missing",
]
HintKind: TypeAlias = Literal["personal", "sensitive", "subject_key"]


@dataclass(frozen=True, slots=True)
class Note:
    """An interpretation of the source, for its owner to confirm. `where` is a location, never a value."""

    code: NoteCode
    text: str
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """A guess that a field is personal, is sensitive or identifies the person, with its reason. The owner decides."""

    field: str
    kind: HintKind
    reason: str


@dataclass(frozen=True, slots=True)
class Description:
    """The content of a source: its fields, size and key.

    `rows` is exact for files, an estimate for databases, None where the source gives none. `key` are the fields that
    together identify a row; empty where unknown. `digest` is a hex SHA-256: of the snapshot for files, of fields and key
    for databases. A different digest means a source that has changed since it was registered.
    """

    fields: tuple[Field, ...]
    rows: int | None
    key: tuple[str, ...]
    notes: tuple[Note, ...]
    digest: str
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The snapshot of an uploaded file, and its description."""

    path: Path
    description: Description
