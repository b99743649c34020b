"""The adapter of tables and views of PostgreSQL. Its role should be allowed to read and nothing else.

Filters, masks, columns and limits are part of one SELECT, so what a decision withholds never leaves the source. A `read`
is one round trip on a pooled connection with prepared statements; pages continue by key, not by offset. A `scan` is a
cursor in one read-only transaction: it sees one state of the table, however long it takes.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, get_args

import orjson
import pyarrow as pa

from adapters.contract import (
    ARROW_TYPES,
    BATCH_ROWS,
    READ_LIMIT,
    Description,
    Explanation,
    Health,
    Part,
    Rows,
    SourceError,
    read_limit,
)
from adapters.contract.hints import guess_hints
from adapters.plan.condition import PlanError
from adapters.plan.masks import Null, mask_type
from adapters.plan.plan import Column, Plan
from adapters.postgresql.points import PointReads
from adapters.postgresql.relation import Relation, count_rows, load
from adapters.postgresql.source import CONNECTION_ERRORS, PgSource, as_source_error
from adapters.postgresql.statement import Statements

_HINT_ROWS = 1_000


class PostgresAdapter:
    """One table or view. The catalogue is read on first use, and again by each `describe`."""

    def __init__(self, source: PgSource) -> None:
        self._source = source
        self._pool: Any = None
        self._statements: Statements | None = None
        self._points = PointReads(self._connection)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        """A connection whose errors are SourceError."""
        try:
            if self._pool is None:
                self._pool = self._source.pool()
            await self._pool  # connects once, however many wait
            async with self._pool.acquire() as connection:
                yield connection
        except CONNECTION_ERRORS as error:
            raise as_source_error(error) from None  # the server's message may quote a row

    async def _load_statements(self) -> Statements:
        if self._statements is None:
            async with self._connection() as connection:
                self._statements = Statements(await load(connection, self._source))
        return self._statements

    async def describe(self) -> Description:
        """Read the catalogue again."""
        async with self._connection() as connection:
            relation = await load(connection, self._source)
            self._statements = Statements(relation)
            rows = await count_rows(connection, relation)
        hints = guess_hints(await self.sample(_HINT_ROWS))
        return Description(relation.fields, rows, relation.key, relation.notes, relation.digest, hints)

    async def sample(self, rows: int) -> pa.Table:
        """The first rows, unmasked."""
        relation = (await self._load_statements()).relation
        plan = Plan(tuple(Column(name) for name in relation.columns), limit=rows)
        batches = [batch async for batch in self.scan(plan)]
        return pa.Table.from_batches(batches)

    async def read(self, plan: Plan) -> Rows:
        """Answer a small plan, continued by key where the plan sorts by it.

        Raises PlanError where a plan without order continues an answer, or would have to: more than READ_LIMIT rows.
        """
        statements = self._statements or await self._load_statements()
        limit = read_limit(plan)
        statement, values = statements.prepare(plan, limit=limit + 1, is_paged=True)
        if statement.is_point:
            records = await self._points.fetch(statement.sql, values)
        else:
            async with self._connection() as connection:
                records = await connection.fetch(statement.sql, *values)
        width = len(plan.columns)
        position, is_cut = None, len(records) > limit
        if is_cut:
            if plan.order and limit:
                position = orjson.dumps(list(records[limit - 1])[width : width + len(plan.order)]).decode()
            elif limit != plan.limit:
                raise PlanError("/limit", f"more than {READ_LIMIT} rows without an order by key are read as a stream")
            del records[limit:]
        is_plain = not plan.order and not statement.is_point
        rows = list(map(tuple, records)) if is_plain else [tuple(record)[:width] for record in records]
        return Rows(statement.names, rows, position, is_cut=is_cut and position is None)

    async def scan(self, plan: Plan, *, batch_rows: int = BATCH_ROWS) -> AsyncGenerator[pa.RecordBatch]:
        """Stream a plan from one state of the table."""
        statements = await self._load_statements()
        statement, values = statements.prepare(plan, limit=plan.limit, is_arrow=True)
        schema = _schema(plan, statements.relation)
        is_empty = True
        async with self._connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            cursor = await connection.cursor(statement.sql, *values)
            while records := await cursor.fetch(batch_rows):
                is_empty = False
                yield _batch(records, schema)
        if is_empty:
            yield _batch([], schema)

    async def explain(self, plan: Plan, *, is_scan: bool = False) -> Explanation:
        """The server evaluates every part, in one SELECT."""
        statements = await self._load_statements()
        if is_scan:
            statement, values = statements.prepare(plan, limit=plan.limit, is_arrow=True)
        else:
            statement, values = statements.prepare(plan, limit=read_limit(plan) + 1, is_paged=True)
        bound = (*values, 0) if statement.is_point else tuple(values)
        return Explanation(frozenset(get_args(Part)), frozenset(), statement.sql, bound, is_point=statement.is_point)

    async def health(self) -> Health:
        """Read the catalogue, and the table once."""
        started = perf_counter()
        try:
            async with self._connection() as connection:
                relation = await load(connection, self._source)
                await connection.fetch(f"SELECT FROM {relation.name} LIMIT 1")
        except SourceError as problem:
            return Health(is_healthy=False, seconds=perf_counter() - started, problem=problem)
        return Health(is_healthy=True, seconds=perf_counter() - started)

    async def close(self) -> None:
        """Close the connections, at once."""
        await self._points.close()
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None


def _schema(plan: Plan, relation: Relation) -> pa.Schema:
    fields = []
    for column in plan.columns:
        stored = relation.columns[column.name]
        if column.mask is None or isinstance(column.mask, Null):
            fields.append(pa.field(column.name, stored.arrow))
        else:
            fields.append(pa.field(column.name, ARROW_TYPES[mask_type(column.mask, stored.type)]))
    return pa.schema(fields)


def _batch(records: Sequence[Any], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*records, strict=True)) if records else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
