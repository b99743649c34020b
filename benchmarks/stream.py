"""A governed Arrow stream of a million rows against DuckDB alone doing the same.

The file has two million rows, the terms' row filter leaves one million; a hash and a partial mask are on two of four
columns. DuckDB alone runs the statement that the adapter runs, in a process with as many threads, and its batches are
read and let go. Rounds of both alternate.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import duckdb
import httpx2
import pyarrow as pa

from adapters.contract import BATCH_ROWS, Explanation
from adapters.duckdb.engine import Engine
from adapters.files.adapter import FileAdapter
from adapters.plan.condition import Comparison
from adapters.plan.masks import Hash, Partial
from adapters.plan.plan import Column, Plan
from benchmarks.figures import ratio, spread
from benchmarks.ground import FILE, PURPOSE, Ground
from data_exchange_client import SigningKey
from data_exchange_client.signing import SignedAuth

ROWS = 1_000_000
ROUNDS = 5
_COLUMNS = ("person_id", "name", "city", "born")


def make_file(directory: Path) -> Path:
    """The owner's file: made-up people, every second one in the city that the terms let through."""
    path = directory / "people.parquet"
    rows = (  # the only thing put in is a number of ours
        "SELECT 'P' || lpad(CAST(i AS VARCHAR), 9, '0') AS person_id, "  # noqa: S608
        "'测试人员' || CAST(i AS VARCHAR) AS name, "
        "'330' || CAST(1 + i % 2 AS VARCHAR) || '00' AS city, DATE '1970-01-01' + CAST(i % 12000 AS INTEGER) AS born "
        f"FROM range({2 * ROWS}) t(i)"
    )
    with duckdb.connect(":memory:") as database:
        database.sql(rows).write_parquet(str(path))
    return path


def measure(on: Ground, key: SigningKey) -> dict[str, Any]:
    """Alternating rounds of the governed stream and of DuckDB alone."""
    snapshot = next((on.directory / "exchange" / "snapshots").glob("*.parquet"))
    governed_stream(on, key)
    pairs = [(governed_stream(on, key), _alone(snapshot)) for _ in range(ROUNDS)]
    governed, alone = [ROWS / seconds for seconds, _ in pairs], [ROWS / seconds for _, seconds in pairs]
    return {
        "arrow_over_duckdb": ratio(governed, alone)["median"],
        "ratio": ratio(governed, alone),
        "governed_rows_per_s": spread(governed, 0),
        "duckdb_rows_per_s": spread(alone, 0),
        "rows": ROWS,
    }


def governed_stream(on: Ground, key: SigningKey, dataset: str = FILE) -> float:
    """Seconds from the request to the last byte."""
    question = {"dataset": dataset, "fields": list(_COLUMNS)}
    headers = {"accept": "application/vnd.apache.arrow.stream", "exchange-purpose": PURPOSE}
    headers |= {"content-type": "application/json"}
    chunks: list[bytes] = []
    with httpx2.Client(base_url=on.url, auth=SignedAuth(key), timeout=120) as client:
        begun = time.perf_counter()
        with client.stream("POST", "/api/v1/deliveries", content=json.dumps(question), headers=headers) as answer:
            assert answer.status_code == httpx2.codes.OK, answer.read()
            chunks.extend(answer.iter_raw())
        seconds = time.perf_counter() - begun
    table = pa.ipc.open_stream(pa.BufferReader(b"".join(chunks))).read_all()
    assert table.num_rows == ROWS
    assert tuple(table.column_names) == _COLUMNS
    return seconds


def _alone(snapshot: Path) -> float:
    """Seconds for DuckDB to run the adapter's statement and give every batch."""
    plan = Plan(
        tuple(
            Column(name, mask)
            for name, mask in zip(_COLUMNS, (Hash(bytes(32)), Partial(1, 0), None, None), strict=True)
        ),
        where=Comparison("city", "eq", "330100"),
        limit=ROWS,
    )
    explained = asyncio.run(_explain(snapshot, plan))
    database = duckdb.connect(":memory:", config={"memory_limit": "1GB"})
    try:
        begun = time.perf_counter()
        reader = database.sql(explained.statement, params=list(explained.values)).to_arrow_reader(BATCH_ROWS)
        rows = sum(batch.num_rows for batch in reader)
        seconds = time.perf_counter() - begun
    finally:
        database.close()
    assert rows == ROWS
    return seconds


async def _explain(snapshot: Path, plan: Plan) -> Explanation:
    """The statement that the adapter runs for a stream."""
    adapter = FileAdapter(snapshot, Engine(snapshot.parent), owns_engine=True)
    try:
        return await adapter.explain(plan, is_scan=True)
    finally:
        await adapter.close()
