"""The adapter of an imported file: its snapshot, queried with DuckDB.

Rows are in the order of the file, and a position in an answer is a row number. Snapshots never change, so positions stay
valid. Shuffled rows come in blocks of consecutive rows: the blocks in an order by a keyed hash of their numbers, and the rows
of a block by one of theirs. So a page costs a block and no sort of the whole file, and a stream sorts one block at a time.
"""

import hashlib
import hmac
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from time import perf_counter
from typing import Any, Final, get_args

import orjson
import pyarrow as pa

from adapters.contract import (
    ARROW_TYPES,
    BATCH_ROWS,
    PAGE_BYTES,
    Description,
    Explanation,
    Health,
    Keep,
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
from adapters.plan.plan import BESIDE, ROW_NUMBER, Column, Plan, check, output_fields

_BATCH_BYTES: Final = 2**24
_GROWTH: Final = 8

SHUFFLED_ROWS = 65_536
"""The rows of a block of shuffled rows."""

_BLOCK_BYTES: Final = 2**28
"""The bytes of a block, at most, that is sorted ahead: the engine may take a GiB for all its queries."""

_NO_POSITION: Final = "this is no position in this file"
_AHEAD: Final = 1
"""The blocks that a stream sorts while it gives the rows of one."""


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

    async def read(self, plan: Plan, keep: Keep | None = None) -> Rows:
        """Answer a small plan, continued by row number, or by key where the plan sorts by it."""
        snapshot = await self._snapshot()
        if keep is not None:
            return await self._read_kept(plan, snapshot, keep)
        limit, width = read_limit(plan), len(plan.columns)
        rows_read: list[tuple[Any, ...]] = []
        is_wide, size = snapshot.widest is None or snapshot.widest * (limit + 1) > PAGE_BYTES, 0
        for block in _blocks(plan, snapshot, is_scan=False):
            left = limit + 1 - len(rows_read)
            size += await self._count_bytes(plan, snapshot, left, block) if is_wide else 0
            if size > PAGE_BYTES:
                detail = "the rows hold too many bytes for one answer; ask for fewer rows or fields"
                raise SourceError("too-large", detail)
            sql, values = _compose(plan, snapshot, limit=left, is_paged=True, block=block)
            table = await self._engine.fetch(sql, values)
            rows_read += zip(*[_to_python(column) for column in table.itercolumns()], strict=True)
            if len(rows_read) > limit:
                break
        position = orjson.dumps(rows_read[limit - 1][width:]).decode() if 0 < limit < len(rows_read) else None
        rows = [row[:width] for row in rows_read[:limit]]
        return Rows(tuple(column.name for column in plan.columns), rows, position)

    async def _read_kept(self, plan: Plan, snapshot: Snapshot, keep: Keep) -> Rows:
        """Read rows in growing pieces until enough are kept."""
        limit, width = read_limit(plan), len(plan.columns)
        most = max(1, min(BATCH_ROWS, PAGE_BYTES // max(snapshot.widest or 1_000, 1)))
        kept: list[tuple[Any, ...]] = []
        rows, size = limit + 1, 0
        for block in _blocks(plan, snapshot, is_scan=False):
            after = plan.offset_after
            is_more = True
            while is_more and len(kept) <= limit:
                rows = min(rows, most)
                sql, values = _compose(
                    replace(plan, offset_after=after), snapshot, limit=rows, is_paged=True, block=block
                )
                table = await self._engine.fetch(sql, values)
                is_more = table.num_rows == rows
                if table.num_rows:
                    after = _position(table.slice(table.num_rows - 1), width + 1)
                table = table.filter(pa.array(await keep(_to_python(table.column(width))), pa.bool_()))
                table = table.slice(0, limit + 1 - len(kept))
                size += sum(column.nbytes for column in table.columns[:width] if pa.types.is_string(column.type))
                if size > PAGE_BYTES:
                    detail = "the rows hold too many bytes for one answer; ask for fewer rows or fields"
                    raise SourceError("too-large", detail)
                kept += zip(*[_to_python(column) for column in table.itercolumns()], strict=True)
                rows *= _GROWTH
        position = orjson.dumps(kept[limit - 1][width + 1 :]).decode() if 0 < limit < len(kept) else None
        names = tuple(column.name for column in plan.columns)
        beside = tuple(row[width] for row in kept[:limit])
        return Rows(names, [row[:width] for row in kept[:limit]], position, beside=beside)

    async def _count_bytes(self, plan: Plan, snapshot: Snapshot, limit: int, block: int | None) -> int:
        """The bytes of text in a page, which the engine counts without giving them."""
        texts = {column.name for column in output_fields(plan, snapshot.description.fields) if column.type == "string"}
        if not texts:
            return 0
        kept = replace(plan, columns=tuple(column for column in plan.columns if column.name in texts))
        sql, values = _compose(kept, snapshot, limit=limit, is_paged=True, block=block)
        names = [f"t{index}" for index in range(len(texts))]
        total = " + ".join(f"coalesce(sum(strlen({name})), 0)" for name in names)
        counted = f"SELECT CAST({total} AS BIGINT) AS size FROM ({sql}) AS q({', '.join(names)})"  # noqa: S608 - ours
        return int((await self._engine.fetch(counted, values)).column(0)[0].as_py())

    async def scan(self, plan: Plan, *, batch_rows: int = BATCH_ROWS) -> AsyncGenerator[pa.RecordBatch]:
        """Stream a plan in the file's order, or shuffled."""
        snapshot = await self._snapshot()
        schema = _schema(check(plan, snapshot.description.fields), snapshot)
        left, is_empty = plan.limit, True
        batch_rows = max(1, min(batch_rows, _BATCH_BYTES // max(snapshot.widest or 0, 1)))
        statements = [_Statement(plan, snapshot, block) for block in _blocks(plan, snapshot, is_scan=True)]
        is_all = left is not None and left <= SHUFFLED_ROWS  # the rows of one block may be
        is_wide = (snapshot.widest or 0) * SHUFFLED_ROWS > _BLOCK_BYTES
        ahead = 0 if is_all or is_wide else _AHEAD
        async with aclosing(self._engine.stream(statements, batch_rows, ahead=ahead)) as batches:
            async for batch in batches:
                is_empty = False
                given = [_as_delivered(batch if left is None else batch.slice(0, left), schema)]
                left = left if left is None else left - batch.num_rows
                del batch  # a generator that waits holds nothing
                yield given.pop()
                if left is not None and left <= 0:
                    break
        if is_empty:
            yield pa.RecordBatch.from_pylist([], schema=schema)

    async def explain(self, plan: Plan, *, is_scan: bool = False) -> Explanation:
        """The engine that reads the snapshot evaluates every part."""
        snapshot = await self._snapshot()
        if is_scan:
            sql, values = _Statement(plan, snapshot).compose()
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


@dataclass(slots=True)
class _Statement:
    """The SELECT of a scan, or of one of its blocks, and how far it has come.

    Each row's number in the file follows its columns. `rows` have been given, the last one with the number `last`.
    """

    plan: Plan
    snapshot: Snapshot
    block: int | None = None
    rows: int = 0
    last: int = -1

    def compose(self) -> tuple[str, list[Any]]:
        """The SELECT of the rows that are left."""
        is_sorted = bool(self.plan.order) or self.plan.shuffle is not None
        after = self.last if self.rows and not is_sorted else None
        left = None if self.plan.limit is None else self.plan.limit - self.rows
        sql, values = _compose(self.plan, self.snapshot, limit=left, block=self.block, after=after, is_numbered=True)
        return (f"{sql} OFFSET {self.rows}" if self.rows and is_sorted else sql), values

    def count(self, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch, whose last column numbers them."""
        self.rows += batch.num_rows
        self.last = batch.column(batch.num_columns - 1)[-1].as_py()


def _as_delivered(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The columns of a batch in the types of a schema, without the numbers of the rows."""
    arrays = [
        array if array.type == field.type else array.cast(field.type)
        for array, field in zip(batch.columns[:-1], schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _blocks(plan: Plan, snapshot: Snapshot, *, is_scan: bool) -> list[int | None]:
    """The blocks of shuffled rows to read one after the other, in their order; [None]: the whole file in one query.

    A page under a condition is one query too: what it sorts are the rows that the condition leaves. Raises PlanError for a
    position in another order.
    """
    if plan.shuffle is None:
        return [None]
    numbers = range(-(-(snapshot.description.rows or 0) // SHUFFLED_ROWS))
    hashes = {number: _hash_block(plan.shuffle, number) for number in numbers}
    begin = ""
    if plan.offset_after is not None:
        begin = _read_position(plan.offset_after, 2)[0]
        if begin not in hashes.values():
            raise PlanError("/offset_after", _NO_POSITION)
    if plan.where is not None and not is_scan:
        return [None]
    return [number for number in sorted(numbers, key=hashes.__getitem__) if hashes[number] >= begin] or [None]


def _hash_key(key: bytes) -> bytes:
    """The key that hashes begin with.

    Behind 32 bytes, numbers fit into one block of SHA-256, so that a hash costs a quarter of an HMAC. No text that is
    hashed is another's beginning with padding behind it, which is where a hash of key and text falls short of an HMAC.
    """
    return hmac.digest(key, b"places of rows", "sha256")


def _hash_block(key: bytes, number: int) -> str:
    return hashlib.sha256(_hash_key(key) + f"block {number}".encode()).hexdigest()


def _shuffling(key: bytes, block: int | None, parameters: Parameters) -> list[str]:
    """The sort key of shuffled rows: the hash of their block, and of their number."""
    bound = f"CAST({parameters.bind(_hash_key(key))} AS BLOB)"
    of_block = f"sha256({bound} || encode('block ' || CAST(file_row_number // {SHUFFLED_ROWS} AS VARCHAR)))"
    if block is not None:
        of_block = f"'{_hash_block(key, block)}'"
    return [of_block, f"sha256({bound} || encode('row ' || CAST(file_row_number AS VARCHAR)))"]


def _compose(
    plan: Plan,
    snapshot: Snapshot,
    *,
    limit: int | None,
    is_paged: bool = False,
    block: int | None = None,
    after: int | None = None,
    is_numbered: bool = False,
) -> tuple[str, list[Any]]:
    """The SELECT of a plan, and the values it binds. With `block`, of this block's rows; with `after`, of rows after one.

    With `is_paged`, rows are sorted by key, by number or by hash, which follows the columns and the value beside, as text.
    With `is_numbered`, each row's number in the file follows.
    """
    description = snapshot.description
    plan = check(plan, description.fields)
    if plan.order and plan.order != description.key:
        raise PlanError("/order", "rows can be sorted by the key only")
    dialect, parameters = DuckDialect(description.fields, snapshot.types), Parameters()
    selected = [column_sql(column.name, column.mask, dialect, parameters) for column in plan.columns]
    if plan.beside is not None:
        selected.append("file_row_number" if plan.beside == ROW_NUMBER else dialect.value(plan.beside))
    sorting = [dialect.value(name) for name in plan.order] or ["file_row_number"]
    kinds = [dialect.sql_type(name) for name in plan.order] or ["BIGINT"]
    if plan.shuffle is not None:
        sorting, kinds = _shuffling(plan.shuffle, block, parameters), ["VARCHAR", "VARCHAR"]
    if is_paged:
        selected += [f"CAST({column} AS VARCHAR)" for column in sorting]
    if is_numbered:
        selected.append("file_row_number")
    conditions = [condition_sql(plan.where, dialect, parameters)] if plan.where is not None else []
    if plan.offset_after is not None:
        texts = _read_position(plan.offset_after, len(sorting))
        bound = [f"CAST({parameters.bind(text)} AS {kind})" for text, kind in zip(texts, kinds, strict=True)]
        conditions.append(f"({', '.join(sorting)}) > ({', '.join(bound)})")
    conditions += _numbers(block, after)
    file = str(snapshot.path.resolve()).replace("'", "''")
    sql = f"SELECT {', '.join(selected)} FROM read_parquet('{file}', file_row_number = true)"  # noqa: S608 - ours
    if conditions:
        sql += " WHERE " + " AND ".join(f"({condition})" for condition in conditions)
    if is_paged or plan.order or plan.shuffle is not None:
        # All rows of a block have the block's hash, and a constant is nothing to sort by.
        sql += f" ORDER BY {', '.join(sorting if block is None else sorting[1:])}"
    if limit is not None:
        sql += f" LIMIT {int(limit)}"
    return sql, parameters.values


def _position(row: pa.Table, width: int) -> str:
    """The position after a row: the texts behind its first columns."""
    return orjson.dumps([column[0].as_py() for column in row.columns[width:]]).decode()


def _numbers(block: int | None, after: int | None) -> list[str]:
    """The conditions on the numbers of rows: those of a block, and those after a row."""
    conditions = []
    if after is not None:
        conditions.append(f"file_row_number > {after}")
    if block is not None:
        conditions.append(f"file_row_number BETWEEN {block * SHUFFLED_ROWS} AND {(block + 1) * SHUFFLED_ROWS - 1}")
    return conditions


def _read_position(position: str, width: int) -> list[str]:
    try:
        texts = orjson.loads(position)
    except orjson.JSONDecodeError:
        texts = None
    if isinstance(texts, list) and len(texts) == width and all(isinstance(text, str) for text in texts):
        return texts
    raise PlanError("/offset_after", _NO_POSITION)


def _schema(plan: Plan, snapshot: Snapshot) -> pa.Schema:
    stored = dict(zip((field.name for field in snapshot.description.fields), snapshot.types, strict=True))
    kinds = {field.name: field.type for field in snapshot.description.fields}
    fields = []
    for column in plan.columns:
        if column.mask is None or isinstance(column.mask, Null):
            fields.append(pa.field(column.name, stored[column.name]))
        else:
            fields.append(pa.field(column.name, ARROW_TYPES[mask_type(column.mask, kinds[column.name])]))
    if plan.beside is not None:
        fields.append(pa.field(BESIDE, pa.int64() if plan.beside == ROW_NUMBER else stored[plan.beside]))
    return pa.schema(fields)


def _to_python(column: Any) -> list[Any]:
    values: list[Any] = column.to_pylist()
    if pa.types.is_timestamp(column.type):
        return [value.replace(tzinfo=UTC) if value is not None else None for value in values]
    return values
