"""Formats: a value has one text in every format and on every way of encoding."""

import csv
import io
import json
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Adapter, Rows
from adapters.plan.plan import Column, Plan, output_fields
from data_exchange_client.frames import table_of_csv
from exchange.delivery.formats.encode import Format, StreamEncoder, batch_of, encode_stream, json_rows, text_of
from tests.support.adapter_rows import FIELDS, NAMES, ROWS

TYPES: dict[str, pa.DataType] = {
    'a "b", 列': pa.string(),
    "i": pa.int64(),
    "x": pa.float64(),
    "m": pa.decimal128(20, 4),
    "d": pa.date32(),
    "t": pa.timestamp("us", "UTC"),
    "b": pa.bool_(),
}
VALUES = {
    'a "b", 列': st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
    "i": st.integers(-(2**63), 2**63 - 1),
    "x": st.floats(allow_nan=False, allow_infinity=False),
    "m": st.decimals(-(10**12), 10**12, places=4),
    "d": st.dates(),
    "t": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    "b": st.booleans(),
}
TABLES = st.lists(st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}), max_size=5)


async def all_of(kind: Format, *batches: pa.RecordBatch) -> bytes:
    async def each() -> AsyncGenerator[pa.RecordBatch]:
        for batch in batches:
            yield batch

    return b"".join([chunk.content async for chunk in encode_stream(kind, each())])


@given(rows=TABLES)
async def test_every_format_reads_back_and_says_the_same(rows: list[dict[str, Any]]) -> None:
    rows = [{name: row[name] for name in TYPES} for row in rows]
    batch = pa.RecordBatch.from_pylist(rows, schema=pa.schema(TYPES))
    with pa.ipc.open_stream(await all_of("arrow", batch)) as reader:
        assert reader.read_all().to_pylist() == rows
    lines = (await all_of("ndjson", batch)).splitlines()
    page = Rows(tuple(TYPES), [tuple(row.values()) for row in rows], None)
    assert b"[" + b",".join(lines) + b"]" == json_rows(page)
    for line, row in zip(lines, rows, strict=True):
        read = json.loads(line, parse_float=str, parse_int=str)
        for name, value in row.items():
            is_plain = value is None or isinstance(value, bool | str)
            assert read[name] == (value if is_plain else text_of(value))
    table = list(csv.reader(io.StringIO((await all_of("csv", batch)).decode(), newline="")))
    assert table[0] == list(TYPES)
    assert table[1:] == [["" if value is None else text_of(value) for value in row.values()] for row in rows]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (10**18, "1000000000000000000"),
        (1.0, "1"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1.50"), "1.50"),
        (date(33, 1, 2), "0033-01-02"),
        (datetime(2024, 1, 31, tzinfo=UTC), "2024-01-31T00:00:00Z"),
        (datetime(2024, 1, 31, 1, 2, 3, 40, tzinfo=UTC), "2024-01-31T01:02:03.000040Z"),
        ("x", "x"),
    ],
)
def test_the_text_of_a_value(value: Any, text: str) -> None:
    assert text_of(value) == text


async def test_a_page_and_a_stream_of_the_same_plan_are_the_same_text(adapter: Adapter) -> None:
    plan = Plan(tuple(Column(name) for name in NAMES))
    page = await adapter.read(plan)
    kinds: tuple[Format, ...] = ("ndjson", "csv")
    for kind in kinds:
        batches = [batch async for batch in adapter.scan(plan, batch_rows=7)]
        assert await all_of(kind, batch_of(page, output_fields(plan, FIELDS))) == await all_of(kind, *batches)
    assert len(page.rows) == len(ROWS)


async def test_an_answer_of_one_field_keeps_its_missing_values_in_csv() -> None:
    for column in (pa.array(["a", None, "", "b"]), pa.array([1, None, None, 2]), pa.array([True, None, None, False])):
        content = await all_of("csv", pa.RecordBatch.from_pydict({"note": column}))
        rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
        assert [row["note"] for row in rows] == [
            "" if text in (None, "") else text_of(text) for text in column.to_pylist()
        ]
        assert table_of_csv(content).column("note").to_pylist()[1] is None
        assert len(table_of_csv(content)) == 4


async def test_an_answer_without_rows() -> None:
    empty = batch_of(Rows(("a", "b"), [], None), FIELDS[:2])
    assert await all_of("csv", empty) == b"a,b\n"
    assert await all_of("ndjson", empty) == b""
    with pa.ipc.open_stream(await all_of("arrow", empty)) as reader:
        assert reader.read_all().num_rows == 0
    assert json_rows(Rows(("a",), [], None)) == b"[]"


async def test_a_sliced_batch_gives_its_own_rows_only() -> None:
    batch = pa.RecordBatch.from_pydict({"a": [f'"{n}' for n in range(9)], "n": [None, *range(8)]}).slice(3, 2)
    assert await all_of("ndjson", batch) == b'{"a":"\\"3","n":2}\n{"a":"\\"4","n":3}\n'
    encoder = StreamEncoder("csv")
    assert await encoder.add(batch) == b'a,n\n"""3",2\n"""4",3\n'
    assert await encoder.end() == b""
