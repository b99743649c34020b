"""The contract that every kind of source keeps: describe, sample, read, scan, explain, health; its values and its errors."""

from adapters.contract.adapter import (
    ARROW_TYPES,
    BATCH_ROWS,
    PAGE_BYTES,
    Adapter,
    Explanation,
    Health,
    Keep,
    Part,
    Rows,
)
from adapters.contract.description import Description, Hint, HintKind, ImportedFile, Note, NoteCode
from adapters.contract.errors import Code, SourceError
from adapters.plan.plan import READ_LIMIT, read_limit

__all__ = [
    "ARROW_TYPES",
    "BATCH_ROWS",
    "PAGE_BYTES",
    "READ_LIMIT",
    "Adapter",
    "Code",
    "Description",
    "Explanation",
    "Health",
    "Hint",
    "HintKind",
    "ImportedFile",
    "Keep",
    "Note",
    "NoteCode",
    "Part",
    "Rows",
    "SourceError",
    "read_limit",
]
