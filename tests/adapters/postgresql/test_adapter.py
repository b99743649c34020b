"""The PostgreSQL adapter beyond the common contract: its statements, types, roles and failures."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import asyncpg
import pyarrow as pa
import pytest

from adapters.contract import SourceError
from adapters.plan.condition import Comparison, PlanError, all_of
from adapters.plan.masks import Bucket, Constant, Hash, Partial, Prefix, Year
from adapters.plan.plan import Column, Plan
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.source import PgSource, as_source_error
from exchange.delivery.formats.encode import encode_stream, json_rows
from tests.support.adapter_rows import ROWS

KEY = bytes(range(32))

_ODD = """
CREATE SCHEMA IF NOT EXISTS "odd ""schema";
CREATE DOMAIN short AS varchar(5) NOT NULL;
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE TABLE "odd ""schema"."Table; DROP" (
  a int2, b int4, r real, f float8, n numeric, m money, u uuid PRIMARY KEY, d date, t timestamp, tz timestamptz, j jsonb,
  e mood, s short, l int[], x bytea, i interval, "quote""d 列" text
);
INSERT INTO "odd ""schema"."Table; DROP" VALUES
  (1, 2, 0.1, 'NaN', 1e30, 12.5, '6b2b7d4e-4ba0-4c1c-9f0e-000000000001', 'infinity', '2024-01-31 08:00', 'infinity',
   '{"k": 1}', 'busy', 'ab', '{1,2}', 'x', '1 day', 'q'),
  (NULL, NULL, 'Infinity', 1.5, 'NaN', NULL, '6b2b7d4e-4ba0-4c1c-9f0e-000000000002', '0044-03-15 BC', '-infinity',
   '0044-03-15 BC', NULL, NULL, 'c', NULL, NULL, NULL, NULL);
CREATE TABLE keyless (a int);
INSERT INTO keyless SELECT generate_series(1, 6000);
CREATE TABLE pairs (b text, a int, v int, PRIMARY KEY (a, b));
INSERT INTO pairs SELECT chr(97 + i % 5), i / 5, i FROM generate_series(0, 49) i;
CREATE TABLE big (id int PRIMARY KEY, code char(18), region varchar(10), name text);
CREATE INDEX ON big (region);
CREATE UNIQUE INDEX ON big (code);
INSERT INTO big SELECT i, lpad(i::text, 18, '0'), '33' || i % 1000, 'n' || i FROM generate_series(1, 20000) i;
ANALYZE big;
CREATE TABLE bytes_only (x bytea);
CREATE TABLE closed (a int, b int);
CREATE ROLE limited LOGIN;
REVOKE ALL ON closed FROM limited;
GRANT SELECT (a) ON closed TO limited;
GRANT SELECT ON people TO limited;
"""


@pytest.fixture(scope="module")
async def odd(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(owner_url)
    await connection.execute(_ODD)
    yield connection
    await connection.close()


def source(url: str, table: str, **more: object) -> PostgresAdapter:
    return PostgresAdapter(PgSource(url, table, **more))  # type: ignore[arg-type]


async def test_masks_and_filters_run_in_the_source(odd: asyncpg.Connection, owner_url: str) -> None:
    adapter = source(owner_url, "big")
    where = all_of(Comparison("region", "eq", "337"), Comparison("name", "prefix", "n1"))
    plan = Plan((Column("id"), Column("code", Hash(KEY)), Column("name", Partial(1, 0))), where)
    explained = await adapter.explain(plan, is_scan=True)
    assert explained.at_source == {"columns", "masks", "where", "order", "limit"}
    assert not explained.beside
    sql = explained.statement
    assert "sha256(" in sql
    assert "repeat('*'" in sql
    assert "'337'" not in sql
    assert KEY.hex() not in sql
    options = "VERBOSE, ANALYZE, COSTS OFF, SUMMARY OFF, TIMING OFF"
    text = "\n".join(row[0] for row in await odd.fetch(f"EXPLAIN ({options}) {sql}", *explained.values))
    assert "big_region_idx" in text
    assert "encode(sha256(" in text
    assert "actual rows=11" in text.splitlines()[0]
    await adapter.close()


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (Comparison("id", "eq", 7), "big_pkey"),
        (Comparison("id", "in", (7, 8)), "big_pkey"),
        (Comparison("code", "eq", f"{7:018}"), "big_code_idx"),
    ],
)
async def test_a_point_read_uses_the_index(
    odd: asyncpg.Connection, owner_url: str, where: Comparison, index: str
) -> None:
    adapter = source(owner_url, "big")
    explained = await adapter.explain(Plan((Column("name"),), where, limit=1))
    text = "\n".join(row[0] for row in await odd.fetch(f"EXPLAIN {explained.statement}", *explained.values))
    assert index in text
    assert "Seq Scan" not in text
    await adapter.close()


async def test_the_text_of_a_statement_depends_only_on_the_shape_of_its_plan(owner_url: str) -> None:
    adapter = source(owner_url, "people")
    first = Plan((Column("姓名", Constant(True)),), Comparison("id", "eq", 1))
    same = replace(first, where=Comparison("id", "eq", 2))
    other = Plan((Column("姓名", Constant(1)),), Comparison("id", "eq", 1))
    first_explained, same_explained, other_explained = [
        await adapter.explain(plan, is_scan=True) for plan in (first, same, other)
    ]
    assert first_explained.statement == same_explained.statement != other_explained.statement
    assert first_explained.values == (True, 1)
    await adapter.close()


async def test_odd_types_names_and_values(odd: asyncpg.Connection, owner_url: str) -> None:
    adapter = source(owner_url, "Table; DROP", schema='odd "schema', time_zone="Asia/Shanghai")
    description = await adapter.describe()
    types = {field.name: field.type for field in description.fields}
    assert types == {
        "a": "integer",
        "b": "integer",
        "r": "number",
        "f": "number",
        "n": "decimal",
        "m": "decimal",
        "u": "string",
        "d": "date",
        "t": "timestamp",
        "tz": "timestamp",
        "j": "string",
        "e": "string",
        "s": "string",
        "l": "string",
        "i": "string",
        'quote"d 列': "string",
    }
    notes = {note.code: note.where for note in description.notes}
    assert (notes["column-dropped"], notes["time-zone-assumed"]) == ("x", "t")
    assert "role-can-write" in notes
    all_columns = Plan(tuple(Column(name) for name in types))
    first, second = (await adapter.read(all_columns)).rows
    assert first == (
        *(1, 2, 0.1, None, Decimal(10) ** 30, Decimal("12.50"), "6b2b7d4e-4ba0-4c1c-9f0e-000000000001", None),
        *(datetime(2024, 1, 31, tzinfo=UTC), None, '{"k": 1}', "busy", "ab", "{1,2}", "P1D", "q"),
    )
    assert second == (
        *[None] * 3,
        1.5,
        None,
        None,
        "6b2b7d4e-4ba0-4c1c-9f0e-000000000002",
        *[None] * 5,
        "c",
        *[None] * 3,
    )
    for where, count in [
        (Comparison("u", "eq", "6b2b7d4e-4ba0-4c1c-9f0e-000000000001"), 1),
        (Comparison("u", "eq", "6B2B7D4E-4ba0-4c1c-9f0e-000000000001"), 0),
        (Comparison("u", "ne", "no uuid"), 2),
        (Comparison("f", "gt", 0), 1),
        (Comparison("n", "gt", 0), 1),
        (Comparison("d", "gt", "2024-01-01"), 0),
        (Comparison("tz", "is_null", True), 2),
        (Comparison("t", "eq", "2024-01-31T00:00:00Z"), 1),
        (Comparison("r", "eq", 0.1), 1),
        (Comparison("e", "in", ("busy", "other")), 1),
        (Comparison('quote"d 列', "eq", "q"), 1),
    ]:
        assert len((await adapter.read(Plan((Column("a"),), where))).rows) == count, where
    masked = Plan((Column("d", Year()), Column("t", Hash(KEY)), Column("a", Bucket(10)), Column("u", Prefix(3))))
    assert [row[0] for row in (await adapter.read(masked)).rows] == [None, None]
    batches = [batch async for batch in adapter.scan(all_columns)]
    rows = b"".join([chunk.content async for chunk in encode_stream("ndjson", _each(batches))])
    page = await adapter.read(all_columns)
    assert rows.splitlines() == [json_rows(replace(page, rows=[row]))[1:-1] for row in page.rows]
    await adapter.close()


async def _each(batches: list[pa.RecordBatch]) -> AsyncGenerator[pa.RecordBatch]:
    for batch in batches:
        yield batch


async def test_pages_by_a_key_of_two_columns(odd: asyncpg.Connection, owner_url: str) -> None:
    adapter = source(owner_url, "pairs")
    assert (await adapter.describe()).key == ("a", "b")
    plan, values = Plan((Column("v"),), Comparison("v", "ne", 3), limit=7, order=("a", "b")), []
    while True:
        page = await adapter.read(plan)
        values += [row[0] for row in page.rows]
        if page.next is None:
            break
        plan = replace(plan, offset_after=page.next)
    assert values == [value for value in range(50) if value != 3]
    await adapter.close()


async def test_a_table_without_a_key_is_never_cut_silently(odd: asyncpg.Connection, owner_url: str) -> None:
    adapter = source(owner_url, "keyless")
    description = await adapter.describe()
    assert description.rows == 6000
    assert "key-missing" in {note.code for note in description.notes}
    page = await adapter.read(Plan((Column("a"),), limit=10))
    assert (len(page.rows), page.next, page.is_cut) == (10, None, True)
    assert not (await adapter.read(Plan((Column("a"),), Comparison("a", "lt", 0), limit=10))).is_cut
    with pytest.raises(PlanError, match="stream"):
        await adapter.read(Plan((Column("a"),)))
    with pytest.raises(PlanError, match="not sorted by a key"):
        await adapter.read(Plan((Column("a"),), offset_after='["1"]'))
    assert sum([batch.num_rows async for batch in adapter.scan(Plan((Column("a"),)))]) == 6000
    await adapter.close()


async def test_a_session_cannot_write(odd: asyncpg.Connection, owner_url: str) -> None:
    async with PgSource(owner_url, "people").pool() as pool, pool.acquire() as connection:
        assert await connection.fetchval("SHOW default_transaction_read_only") == "on"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as caught:
            await connection.execute("DELETE FROM public.people")
    error = as_source_error(caught.value)
    assert (error.code, error.detail, error.where) == (
        "source-failed",
        "the server reported an error",
        "SQLSTATE 25006",
    )
    assert await odd.fetchval("SELECT count(*) FROM people") == len(ROWS)


async def test_what_the_role_may_not_read(odd: asyncpg.Connection, owner_url: str) -> None:
    url = owner_url.replace("postgres:@", "limited@")
    adapter = source(url, "closed")
    description = await adapter.describe()
    assert [field.name for field in description.fields] == ["a"]
    assert [(note.code, note.where) for note in description.notes if note.where] == [("column-dropped", "b")]
    await adapter.close()
    people = source(url, "people")
    assert "role-can-write" not in {note.code for note in (await people.describe()).notes}
    await people.close()
    denied = source(url, "keyless")
    with pytest.raises(SourceError) as caught:
        await denied.describe()
    assert caught.value.code == "source-denied"
    await denied.close()


@pytest.mark.parametrize(
    ("table", "more", "code"),
    [
        ("nobody", {}, "relation-missing"),
        ("people", {"schema": "nowhere"}, "relation-missing"),
        ("bytes_only", {}, "type-unsupported"),
    ],
)
async def test_relations_that_cannot_be_read(
    odd: asyncpg.Connection, owner_url: str, table: str, more: dict[str, str], code: str
) -> None:
    adapter = source(owner_url, table, **more)
    with pytest.raises(SourceError) as caught:
        await adapter.describe()
    assert caught.value.code == code
    health = await adapter.health()
    assert (health.is_healthy, health.problem and health.problem.code) == (False, code)
    await adapter.close()


async def test_servers_that_cannot_be_reached(owner_url: str, tmp_path: Path) -> None:
    for url in (
        "postgresql://u:geheim@127.0.0.1:1/d",
        f"postgresql://u:geheim@/d?host={tmp_path}",
        owner_url.replace("/adapters", "/no_such_database"),
        "postgresql://u:geheim@no-such-host.invalid/d",
    ):
        adapter = source(url, "people")
        with pytest.raises(SourceError) as caught:
            await adapter.read(Plan((Column("id"),)))
        assert caught.value.code == "source-unreachable"
        assert "geheim" not in str(caught.value)
        await adapter.close()


async def test_a_slow_statement_is_stopped(odd: asyncpg.Connection, owner_url: str) -> None:
    await odd.execute("CREATE VIEW slow AS SELECT id, pg_sleep(5)::text AS a FROM big")
    slow = source(owner_url, "slow", statement_seconds=0.2)
    await slow.explain(Plan((Column("a"),)))  # reads the catalogue, which would take longer
    with pytest.raises(SourceError) as caught:
        await slow.read(Plan((Column("a"),)))
    assert caught.value.code == "source-timeout"
    await slow.close()


async def test_a_changed_table_has_to_be_described_again(odd: asyncpg.Connection, owner_url: str) -> None:
    await odd.execute("CREATE TABLE shrinking (a int, b int)")
    adapter = source(owner_url, "shrinking")
    await adapter.describe()
    await odd.execute("ALTER TABLE shrinking DROP COLUMN b")
    with pytest.raises(SourceError) as caught:
        await adapter.read(Plan((Column("b"),)))
    assert caught.value.code == "source-changed"
    assert [field.name for field in (await adapter.describe()).fields] == ["a"]
    await adapter.close()


async def test_a_stream_sees_one_state_and_frees_its_connection(odd: asyncpg.Connection, owner_url: str) -> None:
    adapter = source(owner_url, "keyless", connections=1)
    count = 0
    async with aclosing(adapter.scan(Plan((Column("a"),)), batch_rows=1000)) as batches:
        async for batch in batches:
            count += batch.num_rows
            await odd.execute("INSERT INTO keyless VALUES (0)")
    assert count == 6000
    await odd.execute("DELETE FROM keyless WHERE a = 0")
    async with aclosing(adapter.scan(Plan((Column("a"),)), batch_rows=10)) as batches:
        await anext(batches)
    await asyncio.wait_for(adapter.read(Plan((Column("a"),), limit=1)), 5)
    await adapter.close()


async def test_many_readers_share_a_few_connections(owner_url: str) -> None:
    adapter = source(owner_url, "people", connections=2)
    plans = [Plan((Column("id"),), Comparison("id", "eq", row["id"])) for row in ROWS]
    answers = await asyncio.gather(*(adapter.read(plan) for plan in plans))
    assert [answer.rows for answer in answers] == [[(row["id"],)] for row in ROWS]
    await adapter.close()
