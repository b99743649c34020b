"""The one contract of every place data lives in: describe, sample, read, scan, health.

`read` answers a plan of at most a few thousand rows as Python values, `scan` streams any number of rows as Arrow
record batches. For the same plan both give the same values, and every kind of adapter gives the same values for the
same data: one conformance suite holds them to it.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

import pyarrow as pa

from adapters.plan.masks import FieldType
from adapters.plan.plan import Field, Plan

Code: TypeAlias = Literal[
    "file-unreadable",  # cannot be opened, or is damaged
    "file-empty",  # no rows
    "file-encrypted",  # needs a password
    "kind-unsupported",  # a PDF, an archive, a page of HTML …
    "encoding-unknown",  # text that is neither UTF-8 nor GB18030 nor UTF-16
    "header-missing",  # no row names the columns
    "row-ragged",  # rows with too few or too many cells
    "row-malformed",  # a quote never closed, a line that is no JSON object
    "sheet-missing",  # no such sheet in the workbook
    "too-large",  # beyond a limit that the message names
    "value-unfit",  # a value that its column's type cannot hold
    "option-invalid",  # an import option that cannot be followed
    "snapshot-missing",  # the imported snapshot is gone
    "snapshot-altered",  # the imported snapshot is not what was imported
    "host-not-allowed",  # the operator lets no source be there
    "source-unreachable",  # no connection
    "source-denied",  # the source refuses the role
    "source-timeout",  # the source took too long
    "source-failed",  # the source reported another error
    "source-changed",  # a column the description names is gone or has another type
    "relation-missing",  # no such table or view
    "type-unsupported",  # no column of a type that can be delivered
]
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
    "converted",
    "time-zone-assumed",
    "other-sheets",
    "encoding",
    "role-can-write",
    "key-missing",
]
HintKind: TypeAlias = Literal["personal", "sensitive", "subject_key"]


class SourceError(Exception):
    """What is wrong with a source and where.

    `where` names a place (`row 7`, `line 12, column 3`, `sheet "2024"`). Neither it nor `detail` holds a value from
    the data or a secret of the connection, so both may be shown and logged.
    """

    def __init__(self, code: Code, detail: str, where: str | None = None) -> None:
        super().__init__(f"{detail} ({where})" if where else detail)
        self.code: Code = code
        self.detail = detail
        self.where = where


@dataclass(frozen=True, slots=True)
class Note:
    """Something the owner should know about how a source was understood; `where` names places, never values."""

    code: NoteCode
    text: str
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """A guess that a field is personal, sensitive or names the person, with its reason; the owner decides."""

    field: str
    kind: HintKind
    reason: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a source holds.

    `rows` is exact for files and an estimate for databases, None when the source gives none. `key` are fields that
    together name a row (empty: unknown). `digest` is the hex SHA-256 of the snapshot for files, of fields and key for
    databases: a different digest means a different source than the one that was registered.
    """

    fields: tuple[Field, ...]
    rows: int | None
    key: tuple[str, ...]
    notes: tuple[Note, ...]
    digest: str
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """A small answer: str, int, float, bool, Decimal, date, datetime in UTC, or None for each value.

    `next` continues after the last row; None when no rows are left, or when the plan gives no order to continue in
    (`is_cut` tells the second). It can hold key values in the clear: seal it before it leaves the exchange.
    """

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    next: str | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a source answers now, in how many seconds, and if not, why."""

    is_healthy: bool
    seconds: float
    problem: SourceError | None = None


class Adapter(Protocol):
    """A source. Every method may raise SourceError, those that take a plan PlanError; none blocks the event loop."""

    async def describe(self) -> Description:
        """Fields, rows, key, notes, hints."""

    async def sample(self, rows: int) -> pa.Table:
        """The first rows, unmasked: for the owner's own eyes, before publishing."""

    async def read(self, plan: Plan) -> Rows:
        """Answer a plan of at most a few thousand rows (READ_LIMIT when it names no limit).

        A file's rows have numbers to continue by; a table's answer is continued by key, when the plan sorts by it.
        """

    def scan(self, plan: Plan, *, batch_rows: int = ...) -> AsyncGenerator[pa.RecordBatch]:
        """Stream a plan in batches of at most `batch_rows`; closing the iterator stops the source.

        An answer without rows is one empty batch, so that its columns are known.
        """

    async def health(self) -> Health:
        """Ask the source for a sign of life; never raises SourceError."""

    async def close(self) -> None:
        """Release connections and threads."""


READ_LIMIT: Final = 5_000
BATCH_ROWS: Final = 65_536

ARROW_TYPES: Final[dict[FieldType, pa.DataType]] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    # Where the source declares no scale; otherwise an adapter gives decimal128(precision, scale).
    "decimal": pa.string(),
}
