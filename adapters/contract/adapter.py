"""The interface of every adapter, its answers and its limits.

`read` answers a plan of at most a few thousand rows as Python values, `scan` streams any number of rows as Arrow record
batches. Both give the same values for the same plan, and so do all kinds of adapters for the same data: one conformance
suite checks it.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias

import pyarrow as pa

from adapters.contract.description import Description
from adapters.contract.errors import SourceError
from adapters.plan.masks import FieldType
from adapters.plan.plan import Plan

Part: TypeAlias = Literal["columns", "masks", "where", "order", "limit"]

Keep: TypeAlias = Callable[[Sequence[Any]], Awaitable[Sequence[bool]]]
"""Decides about rows by their values beside the columns (`Plan.beside`): True for each row that may be answered."""

BATCH_ROWS: Final = 16_384
PAGE_BYTES: Final = 2**26
"""The most bytes of text in the answer to a `read`."""

ARROW_TYPES: Final[dict[FieldType, pa.DataType]] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    # The type of columns without a declared scale; the others are decimal128(precision, scale).
    "decimal": pa.string(),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """A small answer: str, int, float, bool, Decimal, date, datetime in UTC, or None for each value.

    `next` continues after the last row. It is None when no rows are left, or when the plan has no order to continue in;
    `is_cut` is true in the second case. It can hold key values in the clear: seal it before it leaves the exchange. `beside` has
    each row's value of `Plan.beside`.
    """

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    next: str | None
    is_cut: bool = False
    beside: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The evaluation of a plan: parts by the source, and parts by the adapter on the source's answer.

    `statement` is the source's query, with placeholders for `values`. These hold the plan's constants and what follows
    from the keys of its masks: never show them. `is_point` says that the query reads one row by its key.
    """

    at_source: frozenset[Part]
    beside: frozenset[Part]
    statement: str
    values: tuple[Any, ...] = field(repr=False)
    is_point: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a source answers now, the seconds it took, and the problem if it does not."""

    is_healthy: bool
    seconds: float
    problem: SourceError | None = None


class Adapter(Protocol):
    """A source. Every method may raise SourceError, those that take a plan PlanError; none blocks the event loop."""

    async def describe(self) -> Description:
        """Fields, rows, key, notes, hints."""

    async def sample(self, rows: int) -> pa.Table:
        """The first rows, unmasked: for the owner alone, before publishing."""

    async def read(self, plan: Plan, keep: Keep | None = None) -> Rows:
        """Answer a plan of at most a few thousand rows (READ_LIMIT where it has no limit).

        A file's answer continues by row number, a table's by key where the plan sorts by it. With `keep`, which needs
        `beside`, rows that it does not keep are as if they were not there: the limit counts the others.
        """

    def scan(self, plan: Plan, *, batch_rows: int = ...) -> AsyncGenerator[pa.RecordBatch]:
        """Stream a plan in batches of at most `batch_rows`; closing the iterator stops the source.

        An answer without rows is one empty batch, which still has the columns. The value beside is the last column. Under
        `beside` the caller counts the limit, so that rows it withholds do not count: `scan` takes none with it.
        """

    async def explain(self, plan: Plan, *, is_scan: bool = False) -> Explanation:
        """Explain how `read` answers a plan, or `scan` if `is_scan`."""

    async def health(self) -> Health:
        """Query the source once. Never raises SourceError."""

    async def close(self) -> None:
        """Release connections and threads."""
