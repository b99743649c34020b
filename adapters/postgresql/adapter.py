"""The adapter of tables and views of PostgreSQL. Its role should be allowed to read and nothing else.

Filters, masks, columns and limits are part of one SELECT, so what a decision withholds never leaves the source. A `read`
is one round trip on a pooled connection with prepared statements; pages continue by key, not by offset. A `scan` is a
cursor in one read-only transaction: it sees one state of the table, however long it takes.
"""

from asyncio import Lock, Semaphore, timeout
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from time import perf_counter
from typing import Any, Final, get_args

import orjson
import pyarrow as pa

from adapters.contract import (
    ARROW_TYPES,
    BATCH_ROWS,
    PAGE_BYTES,
    READ_LIMIT,
    Description,
    Explanation,
    Health,
    Keep,
    Part,
    Rows,
    SourceError,
    read_limit,
)
from adapters.contract.hints import guess_hints
from adapters.plan.condition import PlanError
from adapters.plan.masks import Null, mask_type
from adapters.plan.plan import BESIDE, Column, Field, Plan
from adapters.postgresql.points import PointReads
from adapters.postgresql.relation import Relation, count_rows, load, note_undeliverable
from adapters.postgresql.source import CONNECTION_ERRORS, PgSource, as_source_error
from adapters.postgresql.statement import Statement, Statements

_HINT_ROWS: Final = 1_000
_WAIT: Final = 1.0  # seconds for a turn
_FIRST_ROWS: Final = 256
_GROWTH: Final = 8
_BATCH_BYTES: Final = 2**20  # what a stream holds while its reader takes nothing


class PostgresAdapter:
    """One table or view. The catalogue is read on first use, by each `describe`, and after a change of the table.

    `described` are the fields that were published; None before the first description.
    """

    def __init__(self, source: PgSource, described: Sequence[Field] | None = None) -> None:
        self._source = source
        self._described = described
        self._short = Semaphore(source.connections)
        self._long = Semaphore(source.streams)
        self._loading = Lock()
        self._pool: Any = None
        self._statements: Statements | None = None
        self._points = PointReads(self._connection)

    @asynccontextmanager
    async def _connection(self, turns: Semaphore | None = None) -> AsyncGenerator[Any]:
        """A connection whose errors are SourceError; source-busy if its turn does not come within a second."""
        turns = turns or self._short
        try:
            async with timeout(_WAIT if turns.locked() else None):
                await turns.acquire()
        except TimeoutError:
            raise SourceError("source-busy", "the source answers as many requests as it may; ask again") from None
        try:
            if self._pool is None:
                self._pool = self._source.pool()
            await self._pool  # connects once, however many wait
            async with self._pool.acquire() as connection:
                yield connection
        except CONNECTION_ERRORS as error:
            raise as_source_error(error) from None  # the server's message may quote a row
        finally:
            turns.release()

    async def _load_statements(self) -> Statements:
        async with self._loading:
            if self._statements is None:
                async with self._connection() as connection:
                    self._statements = Statements(await load(connection, self._source), self._described)
            return self._statements

    def _is_stale(self, statements: Statements, error: SourceError, *, is_last: bool) -> bool:
        """Whether to try again with the catalogue read anew, which also tells the column that has changed."""
        if error.code != "source-changed":
            return False
        if self._statements is statements:
            self._described = self._described or statements.relation.fields
            self._statements = None
        return not is_last

    async def describe(self) -> Description:
        """Read the catalogue again."""
        async with self._connection() as connection:
            relation = await load(connection, self._source)
            self._described = relation.fields
            self._statements = Statements(relation, relation.fields)
            rows = await count_rows(connection, relation)
            notes = (*relation.notes, *await note_undeliverable(connection, relation))
        hints = guess_hints(await self.sample(_HINT_ROWS))
        return Description(relation.fields, rows, relation.key, notes, relation.digest, hints)

    async def sample(self, rows: int) -> pa.Table:
        """The first rows, unmasked."""
        relation = (await self._load_statements()).relation
        plan = Plan(tuple(Column(name) for name in relation.columns), limit=rows)
        batches = [batch async for batch in self.scan(plan)]
        return pa.Table.from_batches(batches)

    async def read(self, plan: Plan, keep: Keep | None = None) -> Rows:
        """Answer a small plan, continued by key where the plan sorts by it.

        Rows are withheld here, since the source must not learn whose are: it gives them one after the other until enough
        are kept.

        Raises PlanError where a plan without order continues an answer, or would have to: more than READ_LIMIT rows.
        """
        limit = read_limit(plan)
        for is_last in (False, True):
            statements = self._statements or await self._load_statements()
            try:
                statement, values = statements.prepare(plan, limit=limit + 1, is_paged=True)
                if keep is None:
                    records = await self._fetch(statement, values)
                elif statement.is_point:
                    records = await _kept(await self._points.fetch(statement.sql, values), plan, keep)
                else:
                    records = await self._fetch_kept(statements, plan, keep, most=limit + 1)
                break
            except SourceError as error:
                if not self._is_stale(statements, error, is_last=is_last):
                    raise
        width = len(plan.columns)
        keys = width + (plan.beside is not None)
        position, is_cut = None, len(records) > limit
        if is_cut:
            if plan.order and limit:
                position = orjson.dumps(list(records[limit - 1])[keys : keys + len(plan.order)]).decode()
            elif limit != plan.limit:
                raise PlanError("/limit", f"more than {READ_LIMIT} rows without an order by key are read as a stream")
            del records[limit:]
        is_plain = not plan.order and not statement.is_point and plan.beside is None
        rows = list(map(tuple, records)) if is_plain else [tuple(record)[:width] for record in records]
        beside = tuple(record[width] for record in records) if plan.beside is not None else ()
        return Rows(statement.names, rows, position, is_cut=is_cut and position is None, beside=beside)

    async def _fetch(self, statement: Statement, values: Sequence[Any]) -> list[Any]:
        if statement.is_point:
            return await self._points.fetch(statement.sql, values)
        async with self._connection() as connection:
            records: list[Any] = await connection.fetch(statement.sql, *values)
            return records

    async def _fetch_kept(self, statements: Statements, plan: Plan, keep: Keep, *, most: int) -> list[Any]:
        """The first `most` records that are kept, from one state of the table."""
        statement, values = statements.prepare(plan, limit=None, is_paged=True)
        kept: list[Any] = []
        rows, size = most, 0
        async with (
            self._connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            cursor = await connection.cursor(statement.sql, *values)
            while len(kept) < most and (records := await cursor.fetch(rows)):
                fresh = (await _kept(records, plan, keep))[: most - len(kept)]
                size += sum(len(value.encode()) for record in fresh for value in record if isinstance(value, str))
                if size > PAGE_BYTES:
                    detail = "the rows hold too many bytes for one answer; ask for fewer rows or fields"
                    raise SourceError("too-large", detail)
                kept += fresh
                rows = min(rows * _GROWTH, READ_LIMIT)
        return kept

    async def scan(self, plan: Plan, *, batch_rows: int = BATCH_ROWS) -> AsyncGenerator[pa.RecordBatch]:
        """Stream a plan from one state of the table."""
        for is_last in (False, True):
            statements = await self._load_statements()
            batches = self._scan(statements, plan, batch_rows)
            try:
                given = [await anext(batches)]
                break
            except SourceError as error:
                await batches.aclose()
                if not self._is_stale(statements, error, is_last=is_last):
                    raise
        async with aclosing(batches):
            yield given.pop()
            async for batch in batches:
                given.append(batch)
                del batch  # a generator that waits holds nothing
                yield given.pop()

    async def _scan(self, statements: Statements, plan: Plan, batch_rows: int) -> AsyncGenerator[pa.RecordBatch]:
        """The batches, at least one. They begin small and grow, so that wide rows take bounded memory."""
        statement, values = statements.prepare(plan, limit=plan.limit, is_arrow=True)
        schema = _schema(plan, statements.relation)
        rows = min(batch_rows, _FIRST_ROWS)
        is_empty = True
        async with (
            self._connection(self._long) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            cursor = await connection.cursor(statement.sql, *values)
            while records := await cursor.fetch(rows):
                is_empty = False
                batches = [_batch(records, schema)]
                fitting = _BATCH_BYTES * len(records) // max(batches[0].nbytes, 1)
                rows = max(1, min(batch_rows, rows * _GROWTH, fitting))
                del records  # a generator that waits holds nothing
                yield batches.pop()
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


async def _kept(records: Sequence[Any], plan: Plan, keep: Keep) -> list[Any]:
    """The records that are kept by their values beside the columns."""
    width = len(plan.columns)
    verdicts = await keep([record[width] for record in records])
    return [record for record, is_kept in zip(records, verdicts, strict=True) if is_kept]


def _schema(plan: Plan, relation: Relation) -> pa.Schema:
    fields = []
    for column in plan.columns:
        stored = relation.columns[column.name]
        if column.mask is None or isinstance(column.mask, Null):
            fields.append(pa.field(column.name, stored.arrow))
        else:
            fields.append(pa.field(column.name, ARROW_TYPES[mask_type(column.mask, stored.type)]))
    if plan.beside is not None:
        fields.append(pa.field(BESIDE, relation.columns[plan.beside].arrow))
    return pa.schema(fields)


def _batch(records: Sequence[Any], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*records, strict=True)) if records else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
