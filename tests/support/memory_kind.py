"""A kind of source of our own for tests: tables that the test holds in memory, behind a password."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import compress
from typing import Annotated

import pyarrow as pa
from pydantic import Field as Stated

from adapters.contract import (
    ARROW_TYPES,
    BATCH_ROWS,
    Adapter,
    Description,
    Explanation,
    Health,
    Keep,
    Rows,
    SourceError,
    read_limit,
)
from adapters.kind import Config, Described, Kind, Resources
from adapters.plan.plan import BESIDE, Field, Plan
from tests.support import reference_plan

Table = Sequence[Mapping[str, str]]


class MemoryConfig(Config):
    """A table in the memory of a test."""

    table: Annotated[str, Stated(max_length=63)]
    password: Annotated[str, Stated(max_length=63, repr=False)]


class MemoryAdapter:
    """Reads a table by the reference for plans. Every field is a text, the first is the key."""

    def __init__(self, table: Table) -> None:
        self._rows = [dict(row) for row in table]
        self._fields = tuple(Field(name, "string", nullable=False) for name in self._rows[0])

    async def describe(self) -> Description:
        names = [field.name for field in self._fields]
        digest = sha256("\n".join(names).encode()).hexdigest()
        return Description(self._fields, len(self._rows), tuple(names[:1]), (), digest)

    async def sample(self, rows: int) -> pa.Table:
        return pa.Table.from_pylist(self._rows[:rows])

    async def read(self, plan: Plan, keep: Keep | None = None) -> Rows:
        names = tuple(column.name for column in plan.columns)
        rows = reference_plan.answer(replace(plan, limit=None), self._fields, self._rows)
        beside = reference_plan.values_beside(plan, self._fields, self._rows)
        if keep is not None:
            verdicts = await keep(beside)
            rows = list(compress(rows, verdicts))
            beside = list(compress(beside, verdicts))
        limit = read_limit(plan)
        return Rows(names, rows[:limit], None, beside=tuple(beside[:limit]))

    async def scan(self, plan: Plan, *, batch_rows: int = BATCH_ROWS) -> AsyncGenerator[pa.RecordBatch]:
        rows = reference_plan.answer(plan, self._fields, self._rows)
        names = [column.name for column in plan.columns]
        if plan.beside is not None:
            names.append(BESIDE)
            values = reference_plan.values_beside(plan, self._fields, self._rows)
            rows = [(*row, value) for row, value in zip(rows, values, strict=True)]
        schema = pa.schema([(name, ARROW_TYPES["string"]) for name in names])
        for start in range(0, max(len(rows), 1), batch_rows):
            records = [dict(zip(schema.names, row, strict=True)) for row in rows[start : start + batch_rows]]
            yield pa.RecordBatch.from_pylist(records, schema=schema)

    async def explain(self, plan: Plan, *, is_scan: bool = False) -> Explanation:  # noqa: ARG002 - the contract's
        return Explanation(frozenset(), frozenset({"columns", "masks", "where", "limit"}), "", ())

    async def health(self) -> Health:
        return Health(is_healthy=True, seconds=time.get_clock_info("monotonic").resolution)

    async def close(self) -> None:
        self._rows.clear()


def memory_kind(tables: Mapping[str, Table], *, password: str) -> Kind[MemoryConfig]:
    """A kind whose sources are these tables, by name."""

    def open_table(config: MemoryConfig, _described: Described | None, _resources: Resources) -> Adapter:
        if config.password != password:
            raise SourceError("source-denied", "the password is wrong")
        if config.table not in tables:
            raise SourceError("relation-missing", "there is no such table")
        return MemoryAdapter(tables[config.table])

    return Kind(name="in-memory", config=MemoryConfig, open=open_table, secret="password")
