"""The adapter of an imported file: its snapshot, queried with DuckDB.

Rows are in the order of the file, and a position in an answer is a row number. Snapshots never change, so positions stay
valid.
"""

from collections.abc import AsyncGenerator
from datetime import UTC
from pathlib import Path
from time import perf_counter
from typing import Any, get_args

import orjson
import pyarrow as pa

from adapters.contract import (
    ARROW_TYPES,
    BATCH_ROWS,
    Description,
    Explanation,
    Health,
    Part,
    Rows,
    SourceError,
    read_limit,
)
from adapters.duckdb.dialect import DuckDialect
from adapters.duckdb.engine import Engine
from adapters.files.snapshot import Snapshot, open_snapshot
from adapters.plan.condition import PlanError
from adapters.plan.dialect import Parameters, column_sql, condition_sql
from adapters.plan.masks import Null, mask_type
from adapters.plan.plan import Column, Plan, check


class FileAdapter:
    """One snapshot. Its bytes are verified against its name on first use. `owns_engine`: `close` closes the engine."""

    def __init__(self, path: Path, engine: Engine, *, owns_engine: bool = False) -> None:
        self._path = path
        self._engine = engine
        self._owns_engine = owns_engine
        self._opened: Snapshot | None = None

    async def _snapshot(self) -> Snapshot:
        if self._opened is None:
            if not self._path.resolve().is_relative_to(self._engine.directory):
                raise SourceError("snapshot-missing", "the snapshot lies outside the directory of snapshots")
            self._opened = await self._engine.run(lambda: open_snapshot(self._path))
        return self._opened

    async def describe(self) -> Description:
        """The description that the import stored."""
        return (await self._snapshot()).description

    async def sample(self, rows: int) -> pa.Table:
        """The first rows, unmasked."""
        fields = (await self._snapshot()).description.fields
        plan = Plan(tuple(Column(field.name) for field in fields), limit=rows)
        return pa.Table.from_batches([batch async for batch in self.scan(plan)])

    async def read(self, plan: Plan) -> Rows:
        """Answer a small plan, continued by row number, or by key where the plan sorts by it."""
        snapshot = await self._snapshot()
        limit = read_limit(plan)
        sql, values = _compose(plan, snapshot, limit=limit + 1, is_paged=True)
        table = await self._engine.fetch(sql, values)
        columns = [_to_python(column) for column in table.itercolumns()]
        position, width = None, len(plan.columns)
        if limit and len(table) > limit:
            position = orjson.dumps([column[limit - 1] for column in columns[width:]]).decode()
        rows = list(zip(*columns[:width], strict=True))[:limit]
        return Rows(tuple(column.name for column in plan.columns), rows, position)

    async def scan(self, plan: Plan, *, batch_rows: int = BATCH_ROWS) -> AsyncGenerator[pa.RecordBatch]:
        """Stream a plan in the file's order."""
        snapshot = await self._snapshot()
        sql, values = _compose(plan, snapshot, limit=plan.limit)
        schema = _schema(plan, snapshot)
        batches = self._engine.stream(sql, values, batch_rows)
        try:
            async for batch in batches:
                arrays = [
                    array if array.type == field.type else array.cast(field.type)
                    for array, field in zip(batch.columns, schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        finally:
            await batches.aclose()

    async def explain(self, plan: Plan, *, is_scan: bool = False) -> Explanation:
        """The engine that reads the snapshot evaluates every part."""
        snapshot = await self._snapshot()
        if is_scan:
            sql, values = _compose(plan, snapshot, limit=plan.limit)
        else:
            sql, values = _compose(plan, snapshot, limit=read_limit(plan) + 1, is_paged=True)
        return Explanation(frozenset(get_args(Part)), frozenset(), sql, tuple(values))

    async def health(self) -> Health:
        """Verify the snapshot and read a row."""
        started = perf_counter()
        try:
            fields = (await self._snapshot()).description.fields
            await self.read(Plan((Column(fields[0].name),), limit=1))
        except SourceError as problem:
            return Health(is_healthy=False, seconds=perf_counter() - started, problem=problem)
        return Health(is_healthy=True, seconds=perf_counter() - started)

    async def close(self) -> None:
        """Close the engine if the adapter owns it."""
        if self._owns_engine:
            self._engine.close()


def _compose(plan: Plan, snapshot: Snapshot, *, limit: int | None, is_paged: bool = False) -> tuple[str, list[Any]]:
    """The SELECT of a plan, and the values it binds.

    With `is_paged`, rows are sorted by key or by number, which follows the columns as text.
    """
    description = snapshot.description
    plan = check(plan, description.fields)
    if plan.order and plan.order != description.key:
        raise PlanError("/order", "rows can be sorted by the key only")
    dialect, parameters = DuckDialect(description.fields, snapshot.types), Parameters()
    selected = [column_sql(column.name, column.mask, dialect, parameters) for column in plan.columns]
    sorting = [dialect.value(name) for name in plan.order] or ["file_row_number"]
    if is_paged:
        selected += [f"CAST({column} AS VARCHAR)" for column in sorting]
    conditions = [condition_sql(plan.where, dialect, parameters)] if plan.where is not None else []
    if plan.offset_after is not None:
        texts = _read_position(plan.offset_after, len(sorting))
        kinds = [dialect.sql_type(name) for name in plan.order] or ["BIGINT"]
        bound = [f"CAST({parameters.bind(text)} AS {kind})" for text, kind in zip(texts, kinds, strict=True)]
        conditions.append(f"({', '.join(sorting)}) > ({', '.join(bound)})")
    file = str(snapshot.path.resolve()).replace("'", "''")
    sql = f"SELECT {', '.join(selected)} FROM read_parquet('{file}', file_row_number = true)"  # noqa: S608 - ours
    if conditions:
        sql += " WHERE " + " AND ".join(f"({condition})" for condition in conditions)
    if is_paged or plan.order:
        sql += f" ORDER BY {', '.join(sorting)}"
    if limit is not None:
        sql += f" LIMIT {int(limit)}"
    return sql, parameters.values


def _read_position(position: str, width: int) -> list[str]:
    try:
        texts = orjson.loads(position)
    except orjson.JSONDecodeError:
        texts = None
    if isinstance(texts, list) and len(texts) == width and all(isinstance(text, str) for text in texts):
        return texts
    raise PlanError("/offset_after", "this is no position in this file")


def _schema(plan: Plan, snapshot: Snapshot) -> pa.Schema:
    stored = dict(zip((field.name for field in snapshot.description.fields), snapshot.types, strict=True))
    kinds = {field.name: field.type for field in snapshot.description.fields}
    fields = []
    for column in plan.columns:
        if column.mask is None or isinstance(column.mask, Null):
            fields.append(pa.field(column.name, stored[column.name]))
        else:
            fields.append(pa.field(column.name, ARROW_TYPES[mask_type(column.mask, kinds[column.name])]))
    return pa.schema(fields)


def _to_python(column: Any) -> list[Any]:
    values: list[Any] = column.to_pylist()
    if pa.types.is_timestamp(column.type):
        return [value.replace(tzinfo=UTC) if value is not None else None for value in values]
    return values
