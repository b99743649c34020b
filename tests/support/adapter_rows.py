"""The same rows in every kind of source, and an adapter on each."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.contract import Adapter
from adapters.duckdb.engine import Engine
from adapters.files.adapter import FileAdapter
from adapters.files.importing import import_file
from adapters.plan.plan import Field
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.source import PgSource
from exchange.kernel.embedded import Embedded

FIELDS = (
    Field("id", "integer", nullable=False),
    Field("姓名", "string"),
    Field("Code", "string"),
    Field("code", "string"),
    Field("pay", "decimal"),
    Field("score", "number"),
    Field("ok", "boolean"),
    Field("born", "date"),
    Field("seen", "timestamp"),
    Field("count", "integer"),
)
_TYPES: dict[str, pa.DataType] = {
    "id": pa.int64(),
    "姓名": pa.string(),
    "Code": pa.string(),
    "code": pa.string(),
    "pay": pa.decimal128(12, 2),
    "score": pa.float64(),
    "ok": pa.bool_(),
    "born": pa.date32(),
    "seen": pa.timestamp("us", "UTC"),
    "count": pa.int64(),
}
ARROW = pa.schema(_TYPES)
_NAMES = ["张三", "李四光", "", 'O\'Brien "x"', "é", "e\u0301", "𠮷野家", "a\\b\n", None, "Zoë", "zoe", "%_", " 空 "]
_CODES = ["0001", "10", "9", "B-2", "b-1", None, "Ａ"]
_PAYS = [Decimal("0.00"), Decimal("-1.50"), Decimal("1234567890.12"), None, Decimal("100.10")]
_SCORES = [0.0, -1.5, 0.1, 1e16, 1.5e-7, None, 3.0]
_DATES = [date(1, 1, 1), date(1999, 12, 31), date(2000, 2, 29), None, date(9999, 12, 31)]
_TIMES = [
    datetime(2024, 3, 31, 16, 0, tzinfo=UTC),
    datetime(2024, 3, 31, 15, 59, 59, 999_999, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC),
    None,
    datetime(1000, 1, 2, tzinfo=UTC),
]
_COUNTS = [0, -1, -10, 9, 10, 2**63 - 1, -(2**63), None, 12345]


def _rows() -> list[dict[str, Any]]:
    def pick(values: list[Any], index: int) -> Any:
        return values[index % len(values)]

    return [
        {
            "id": index * 7,
            "姓名": pick(_NAMES, index),
            "Code": pick(_CODES, index),
            "code": pick(_CODES, index // 3),
            "pay": pick(_PAYS, index),
            "score": pick(_SCORES, index),
            "ok": pick([True, False, None], index),
            "born": pick(_DATES, index),
            "seen": pick(_TIMES, index),
            "count": pick(_COUNTS, index),
        }
        for index in range(64)
    ]


ROWS = _rows()
NAMES = tuple(field.name for field in FIELDS)

_TABLE = """
CREATE TABLE people (
  "id" bigint PRIMARY KEY, "姓名" text, "Code" char(6), "code" varchar(10), "pay" numeric(12,2), "score" double precision,
  "ok" boolean, "born" date, "seen" timestamptz, "count" bigint
);
CREATE VIEW people_view AS SELECT * FROM people;
"""


@pytest.fixture(scope="session")
async def owner_url(embedded: Embedded) -> str:
    """A database of an owner's own, with the rows in a table and a view."""
    await embedded.create("adapters")
    url = embedded.url("adapters")
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLE)
    # Dates as text: the driver writes Python's first and last date as infinities.
    await connection.executemany(
        "INSERT INTO people VALUES ($1, $2, $3, $4, $5, $6, $7, CAST(CAST($8 AS text) AS date), $9, $10)",
        [tuple(str(value) if type(value) is date else value for value in row.values()) for row in ROWS],
    )
    await connection.close()
    return url


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("snapshots")


@pytest.fixture(scope="session")
def engine(snapshots: Path) -> Iterator[Engine]:
    engine = Engine(snapshots, threads=2)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def rows_file(snapshots: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows as an imported Parquet file."""
    path = tmp_path_factory.mktemp("files") / "people.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS, ARROW), path)
    return import_file(path, snapshots).path


@pytest.fixture(params=["file", "postgresql", "postgresql view"])
async def adapter(
    request: pytest.FixtureRequest, owner_url: str, engine: Engine, rows_file: Path
) -> AsyncIterator[Adapter]:
    """Each kind of adapter over the same rows."""
    opened: Adapter
    if request.param == "file":
        opened = FileAdapter(rows_file, engine)
    else:
        opened = PostgresAdapter(PgSource(owner_url, "people_view" if "view" in request.param else "people"))
    yield opened
    await opened.close()
