"""Snapshots are immutable, and the engine that reads them reads nothing else."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.contract import SourceError
from adapters.duckdb import engine
from adapters.duckdb.engine import Engine
from adapters.files.adapter import FileAdapter
from adapters.files.importing import import_file
from adapters.files.snapshot import open_snapshot, write
from adapters.plan.condition import Comparison, PlanError
from adapters.plan.plan import ROW_NUMBER, Column, Plan

PLAN = Plan((Column("a"),))


@dataclass
class Numbers:
    """A statement of the numbers up to one."""

    end: int
    given: int = 0

    def compose(self) -> tuple[str, list[Any]]:
        return f"SELECT * FROM range({self.given}, {self.end})", []

    def count(self, batch: pa.RecordBatch) -> None:
        self.given += batch.num_rows


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("snapshot")
    source = directory / "a.csv"
    source.write_text("a,b\n" + "".join(f"{n},x{n}\n" for n in range(200_000)))
    return import_file(source, directory / "snapshots").path


async def _refusal(path: Path, directory: Path) -> str:
    """The code with which a snapshot is not read, and which its health names too."""
    adapter = FileAdapter(path, Engine(directory), owns_engine=True)
    with pytest.raises(SourceError) as caught:
        await adapter.read(PLAN)
    health = await adapter.health()
    assert (health.is_healthy, health.problem and health.problem.code) == (False, caught.value.code)
    await adapter.close()
    return caught.value.code


@pytest.fixture
def altered(snapshot: Path, tmp_path: Path) -> Path:
    """The snapshot with one bit flipped."""
    content = bytearray(snapshot.read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / snapshot.name
    path.write_bytes(content)
    return path


async def test_a_changed_or_missing_snapshot_is_refused(snapshot: Path, altered: Path) -> None:
    assert await _refusal(altered, altered.parent) == "snapshot-altered"
    assert await _refusal(altered.parent / f"{'0' * 64}.parquet", altered.parent) == "snapshot-missing"
    assert await _refusal(snapshot, altered.parent) == "snapshot-missing"
    intact = FileAdapter(snapshot, Engine(snapshot.parent), owns_engine=True)
    assert (await intact.health()).is_healthy, "the snapshot itself is read, so that the change is what is refused"
    await intact.close()


def test_a_snapshot_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def batches() -> Iterator[list[Any]]:
        yield [pa.array([1, 2])]
        raise SourceError("value-unfit", "no number")

    with pytest.raises(SourceError):
        write(tmp_path, ["a"], [pa.int64()], batches(), nullable=[False])
    assert not list(tmp_path.iterdir())


def test_a_parquet_file_that_no_import_wrote_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1]}), foreign)
    foreign = foreign.rename(tmp_path / f"{sha256(foreign.read_bytes()).hexdigest()}.parquet")
    with pytest.raises(SourceError) as caught:
        open_snapshot(foreign)
    assert caught.value.code == "snapshot-altered"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
        "ATTACH '/tmp/other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
    ],
)
async def test_the_engine_reaches_nothing_beyond_its_directory(snapshot: Path, sql: str) -> None:
    engine = Engine(snapshot.parent)
    with pytest.raises(SourceError) as caught:
        await engine.fetch(sql, [])
    assert caught.value.code == "source-failed"
    engine.close()


async def test_an_engine_that_cannot_be_opened_fails_like_any_query(snapshot: Path) -> None:
    engine = Engine(snapshot.parent, memory="nothing")
    with pytest.raises(SourceError) as fetched:
        await engine.fetch("SELECT 1", [])
    with pytest.raises(SourceError) as streamed:
        await anext(engine.stream([Numbers(1)], 10))
    assert (fetched.value.code, streamed.value.code) == ("source-failed", "source-failed")
    engine.close()


async def test_the_engine_does_not_block_the_event_loop(snapshot: Path) -> None:
    adapter = FileAdapter(snapshot, Engine(snapshot.parent), owns_engine=True)
    await adapter.read(PLAN)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    rows = sum([batch.num_rows async for batch in adapter.scan(Plan((Column("a"), Column("b"))))])
    ticking.cancel()
    assert rows == 200_000
    assert ticks > 10
    await adapter.close()


async def test_a_cancelled_stream_leaves_nothing_running(snapshot: Path) -> None:
    adapter = FileAdapter(snapshot, Engine(snapshot.parent, threads=1), owns_engine=True)

    async def consume() -> None:
        async for _ in adapter.scan(Plan((Column("b"),)), batch_rows=100):
            pass

    for delay in (0.0, 0.001, 0.01, 0.02):
        task = asyncio.ensure_future(consume())
        await asyncio.sleep(delay)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    page = await asyncio.wait_for(adapter.read(Plan((Column("a"),), Comparison("b", "eq", "x199999"))), 10)
    assert page.rows == [(199_999,)]
    await adapter.close()


async def test_batches_have_at_most_the_rows_asked_for(snapshot: Path) -> None:
    adapter = FileAdapter(snapshot, Engine(snapshot.parent), owns_engine=True)
    sizes = [batch.num_rows async for batch in adapter.scan(PLAN, batch_rows=10_000)]
    assert max(sizes) <= 10_000
    assert sum(sizes) == 200_000
    await adapter.close()


@pytest.mark.endurance
async def test_a_page_of_wide_rows_is_refused_and_a_stream_of_them_is_not(tmp_path: Path) -> None:
    source = tmp_path / "wide.csv"
    with source.open("w") as file:
        file.write("id,t\n")
        for number in range(100):
            file.write(f"{number},{'x' * 1_000_000}\n")
    path = import_file(source, tmp_path).path
    adapter = FileAdapter(path, Engine(tmp_path, threads=2), owns_engine=True)
    with pytest.raises(SourceError) as caught:
        await adapter.read(Plan((Column("id"), Column("t")), limit=90))
    assert (caught.value.code, "fewer rows" in caught.value.detail) == ("too-large", True)
    assert len((await adapter.read(Plan((Column("id"), Column("t")), limit=50))).rows) == 50
    assert len((await adapter.read(Plan((Column("id"),), limit=90))).rows) == 90
    assert sum([batch.num_rows async for batch in adapter.scan(Plan((Column("id"), Column("t"))))]) == 100
    await adapter.close()


@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        Plan((Column("a"),), limit=30_001),
        Plan((Column("a"),), Comparison("b", "gte", "x5"), beside=ROW_NUMBER),
        Plan((Column("a"),), Comparison("a", "gte", 60_000), shuffle=bytes(32)),
        Plan((Column("a"),), limit=140_001, shuffle=bytes(32)),
        Plan((Column("a"),), order=("a",), limit=50_000),
    ],
)
async def test_a_query_that_ended_while_nobody_read_goes_on_with_the_next_row(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch, plan: Plan
) -> None:
    adapter = FileAdapter(snapshot, Engine(snapshot.parent), owns_engine=True)
    expected = pa.Table.from_batches([batch async for batch in adapter.scan(plan)])
    monkeypatch.setattr(engine, "IDLE_SECONDS", 0.0)
    batches = []
    async for batch in adapter.scan(plan, batch_rows=20_000):
        batches.append(batch)
        await asyncio.sleep(0)  # lets the time pass, after which the query ends
        await asyncio.sleep(0)
    assert len(batches) > 1
    assert pa.Table.from_batches(batches).equals(expected)
    await adapter.close()


async def test_a_stream_that_outlives_its_engine_ends_without_an_error(tmp_path: Path) -> None:
    """An exchange that stops closes the engine, perhaps before a stream whose reader has left has ended its query."""
    engine = Engine(tmp_path)
    batches = engine.stream([Numbers(100_000)], 1_000)
    assert (await anext(batches)).num_rows == 1_000
    engine.close()
    await batches.aclose()


async def test_statements_that_begin_ahead_come_in_their_order_and_end_with_the_stream(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    statements = [Numbers(30), Numbers(0), Numbers(20), Numbers(10)]
    batches = [batch async for batch in engine.stream(statements, 10, ahead=2)]
    expected = [*range(30), *range(20), *range(10)]
    assert [value.as_py() for batch in batches for value in batch.column(0)] == expected
    endless = [Numbers(10**12), Numbers(10**12)]
    stream = engine.stream(endless, 10, ahead=1)
    await anext(stream)
    await stream.aclose()
    engine.close()


async def test_a_position_of_another_order_is_refused(snapshot: Path) -> None:
    adapter = FileAdapter(snapshot, Engine(snapshot.parent), owns_engine=True)
    plan = Plan((Column("a"),), limit=5, shuffle=bytes(32))
    position = (await adapter.read(plan)).next
    for where in (None, Comparison("a", "gte", 60_000)):
        for key in (b"1" * 32, b"2" * 32):
            with pytest.raises(PlanError) as caught:
                await adapter.read(replace(plan, where=where, shuffle=key, offset_after=position))
            assert caught.value.pointer == "/offset_after"
    await adapter.close()
