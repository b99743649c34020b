"""A PostgreSQL source has bounds: bytes of a page, row and batch, columns, and the wait for a connection."""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import asyncpg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.contract import SourceError
from adapters.files.importing import import_file
from adapters.plan.condition import Comparison
from adapters.plan.masks import Hash, Partial
from adapters.plan.plan import Column, Plan
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.source import PgSource

_TABLES = """
DROP VIEW IF EXISTS stout; DROP TABLE IF EXISTS wide, odd_name, hosts, limits, local;
CREATE VIEW stout AS SELECT i AS id, repeat('x', 1048576) AS t, 'y' AS s FROM generate_series(1, 300) i;
CREATE TABLE odd_name ("a\nb" int, c int);
CREATE TABLE hosts (id int PRIMARY KEY, ip inet);
INSERT INTO hosts VALUES (1, '10.0.0.5'), (2, '10.0.0.1/24'), (3, '::1'), (4, '::1/64'), (5, NULL);
CREATE TABLE limits (id int PRIMARY KEY, n numeric, f double precision, until date, at timestamptz, fine date);
INSERT INTO limits VALUES (1, 'NaN', 'Infinity', 'infinity', '-infinity', '2024-01-01'), (2, 1, 1, '0044-03-15 BC', NULL, NULL);
CREATE TABLE local (at timestamp);
INSERT INTO local VALUES ('2024-03-01 00:30');
"""


@pytest.fixture(scope="module")
async def owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(owner_url)
    await connection.execute(_TABLES)
    yield connection
    await connection.close()


def opened(url: str, table: str, **options: object) -> PostgresAdapter:
    return PostgresAdapter(PgSource(url, table, **options))  # type: ignore[arg-type]


async def test_a_page_and_a_row_have_a_limit_of_bytes(owner: asyncpg.Connection, owner_url: str) -> None:
    adapter = opened(owner_url, "stout")
    for columns in (("id", "t"), ("t", "s")):
        with pytest.raises(SourceError) as caught:
            await adapter.read(Plan(tuple(map(Column, columns)), limit=100))
        assert caught.value.code == "too-large"
        assert "fewer rows or fields" in caught.value.detail
    assert len((await adapter.read(Plan((Column("t"),), limit=50))).rows) == 50
    masked = Plan((Column("id"), Column("t", Hash(bytes(32)))), Comparison("id", "lte", 70), limit=100)
    assert len((await adapter.read(masked)).rows) == 70
    with pytest.raises(SourceError) as caught:
        await adapter.read(Plan((Column("t", Partial(1, 1)),), limit=100))
    assert caught.value.code == "too-large"
    await adapter.close()


async def test_wide_rows_are_streamed_in_small_batches(owner: asyncpg.Connection, owner_url: str) -> None:
    adapter = opened(owner_url, "stout")
    sizes = [batch.num_rows async for batch in adapter.scan(Plan((Column("id"), Column("t"))))]
    assert sum(sizes) == 300
    assert max(sizes[1:]) == 1
    await adapter.close()


async def test_a_stream_that_waits_for_its_reader_holds_no_batch(owner: asyncpg.Connection, owner_url: str) -> None:
    await owner.execute(
        "CREATE OR REPLACE VIEW lean AS SELECT i AS id, repeat('x', 200) AS t FROM generate_series(1, 50000) i"
    )
    adapter = opened(owner_url, "lean")
    sizes, batches = [], []
    async with aclosing(adapter.scan(Plan((Column("id"), Column("t"))))) as scan:
        while (batch := await anext(scan, None)) is not None:
            batches.append(weakref.ref(batch))
            sizes.append((batch.num_rows, batch.nbytes))
            del batch
            assert batches[-1]() is None
    assert sum(rows for rows, _ in sizes) == 50_000
    assert max(size for _, size in sizes) < 2 << 20
    assert len(sizes) < 20
    await adapter.close()


async def test_a_row_of_a_stream_has_a_limit_of_bytes(owner: asyncpg.Connection, owner_url: str) -> None:
    await owner.execute("DROP TABLE IF EXISTS huge; CREATE TABLE huge AS SELECT 1 AS id, repeat('x', 17 << 20) AS t")
    adapter = opened(owner_url, "huge")
    with pytest.raises(SourceError) as caught:
        async for _ in adapter.scan(Plan((Column("t"),))):
            pass
    assert caught.value.code == "too-large"
    await adapter.close()


async def test_pages_have_connections_of_their_own_beside_streams(owner: asyncpg.Connection, owner_url: str) -> None:
    adapter = opened(owner_url, "people", connections=1, streams=2)
    plan = Plan((Column("id"),), limit=5)
    async with (
        aclosing(adapter.scan(plan, batch_rows=1)) as first,
        aclosing(adapter.scan(plan, batch_rows=1)) as second,
    ):
        await asyncio.gather(anext(first), anext(second))
        with pytest.raises(SourceError) as caught:
            await anext(adapter.scan(plan))
        assert caught.value.code == "source-busy"
        assert len((await adapter.read(plan)).rows) == 5
    assert [batch.num_rows async for batch in adapter.scan(plan)] == [5]
    await adapter.close()


async def test_names_that_cannot_be_shown_are_left_out_and_wide_tables_refused(
    owner: asyncpg.Connection, owner_url: str
) -> None:
    adapter = opened(owner_url, "odd_name")
    description = await adapter.describe()
    assert [field.name for field in description.fields] == ["c"]
    assert [note.where for note in description.notes if note.code == "column-dropped"] == ["'a\\nb'"]
    await adapter.close()
    columns = ", ".join(f"c{number} int" for number in range(501))
    await owner.execute(f"CREATE TABLE wide ({columns})")
    adapter = opened(owner_url, "wide")
    with pytest.raises(SourceError) as caught:
        await adapter.describe()
    assert caught.value.code == "too-large"
    assert "at most 500" in caught.value.detail
    await adapter.close()


async def test_addresses_have_the_text_that_postgresql_writes(owner: asyncpg.Connection, owner_url: str) -> None:
    adapter = opened(owner_url, "hosts")
    plan = Plan((Column("ip"),), limit=9, order=("id",))
    expected = ["10.0.0.5", "10.0.0.1/24", "::1", "::1/64", None]
    assert [row[0] for row in (await adapter.read(plan)).rows] == expected
    assert (await adapter.read(Plan((Column("id"),), Comparison("ip", "eq", "10.0.0.5")))).rows == [(1,)]
    await adapter.close()


async def test_short_floats_have_the_same_digits_in_a_table_and_in_a_file(
    owner: asyncpg.Connection, owner_url: str, tmp_path: Path
) -> None:
    values = [0.1, 1.3, 2.5, -1e20, 1e-7, 16777216.0, 3.4028235e38, 0.0, None]
    await owner.execute("DROP TABLE IF EXISTS shorts; CREATE TABLE shorts (id int PRIMARY KEY, v real)")
    await owner.executemany("INSERT INTO shorts VALUES ($1, $2)", list(enumerate(values)))
    pq.write_table(pa.table({"v": pa.array(values, pa.float32())}), tmp_path / "shorts.parquet")
    stored = pq.read_table(import_file(tmp_path / "shorts.parquet", tmp_path).path).column(0).to_pylist()
    adapter = opened(owner_url, "shorts")
    rows = (await adapter.read(Plan((Column("v"),), limit=99, order=("id",)))).rows
    assert [row[0] for row in rows] == stored
    assert stored[:3] == [0.1, 1.3, 2.5]
    await adapter.close()


async def test_values_that_count_as_missing_are_noted(owner: asyncpg.Connection, owner_url: str) -> None:
    adapter = opened(owner_url, "limits")
    notes = {note.where: note.text for note in (await adapter.describe()).notes if note.code == "missing-values"}
    assert notes.keys() == {"n", "f", "until", "at"}
    assert notes["until"].startswith("2 cells")
    await adapter.close()


async def test_times_without_a_zone_are_in_the_zone_that_the_owner_states(
    owner: asyncpg.Connection, owner_url: str
) -> None:
    adapter = opened(owner_url, "local", time_zone="Asia/Shanghai")
    [[at]] = (await adapter.read(Plan((Column("at"),)))).rows
    assert at.isoformat() == "2024-02-29T16:30:00+00:00"
    await adapter.close()
