"""Parquet files: every value arrives with its meaning, or is missing with a note, or refuses the file with its place."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.contract import SourceError
from adapters.files.importing import import_file
from adapters.files.options import ImportOptions
from tests.support.imported_files import imported, refused

EPOCH = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)  # as snapshots store it


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def notes(tmp_path: Path, content: bytes) -> list[tuple[str, str, str | None]]:
    return [(note.code, note.text, note.where) for note in imported(tmp_path, content).description.notes]


def rows_as_json(tmp_path: Path, column: Any) -> list[Any]:
    texts = imported(tmp_path, parquet({"n": column})).column("n")
    return [None if text is None else json.loads(text) for text in texts]


def test_short_floats_have_the_fewest_digits(tmp_path: Path) -> None:
    content = parquet(
        {
            "single": pa.array([0.1, 1.3, 2.5, -1e20, None], pa.float32()),
            "half": pa.array([0.1, 1.3, 2.5, 65504, None], pa.float16()),
        }
    )
    result = imported(tmp_path, content)
    assert result.column("single") == [0.1, 1.3, 2.5, -1e20, None]
    assert result.column("half") == [0.1, 1.3, 2.5, 65500.0, None]  # the fewest digits that mean 65504 at 16 bits


def test_numbers_that_are_not_finite_are_missing_and_noted(tmp_path: Path) -> None:
    content = parquet({"v": [1.0, float("nan"), float("inf"), float("-inf")]})
    assert imported(tmp_path, content).column("v") == [1.0, None, None, None]
    assert notes(tmp_path, content) == [("missing-values", "3 cells are NaN or infinite; they count as missing", "v")]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_dates_outside_the_years_1_to_9999_are_missing_and_noted(tmp_path: Path, unit: str) -> None:
    per_second = {"s": 1, "ms": 1000, "us": 10**6}[unit]
    content = parquet(
        {
            "day": pa.array([2_932_896, 2_932_897, -719_163], pa.int32()).cast(pa.date32()),
            "at": pa.array([0, 253_402_300_800 * per_second, -62_135_596_801 * per_second]).cast(
                pa.timestamp(unit, "UTC")
            ),
        }
    )
    result = imported(tmp_path, content)
    assert result.column("day") == [date(9999, 12, 31), None, None]
    assert result.column("at") == [EPOCH, None, None]
    text = "2 cells are outside the years 1 to 9999; they count as missing"
    assert notes(tmp_path, content) == [("missing-values", text, "day"), ("missing-values", text, "at")]


def test_nanoseconds_are_cut_to_microseconds_and_noted(tmp_path: Path) -> None:
    content = parquet({"at": pa.array([1_001, 2_000, -1, None], pa.timestamp("ns", "UTC"))})
    at = imported(tmp_path, content).column("at")
    assert at == [
        EPOCH + timedelta(microseconds=1),
        EPOCH + timedelta(microseconds=2),
        EPOCH - timedelta(microseconds=1),
        None,
    ]
    assert notes(tmp_path, content) == [("converted", "2 times are cut to the microsecond", "at")]


def test_a_time_outside_a_day_is_missing_and_noted(tmp_path: Path) -> None:
    content = parquet(
        {"t": pa.array([45_296_000, -13_899_000, 86_400_000], pa.int32()).cast(pa.time32("ms"), safe=False)}
    )
    assert imported(tmp_path, content).column("t") == ["12:34:56.000", None, None]
    assert ("missing-values", "2 cells are no time of a day; they count as missing", "t") in notes(tmp_path, content)


def test_uuids_and_bytes_of_text_are_text(tmp_path: Path) -> None:
    identifier = UUID("01930b2e-6f1a-7000-8000-000000000001")
    content = parquet(
        {"id": pa.array([identifier.bytes, None], pa.uuid()), "name": [b"\xe5\xbc\xa0\xe4\xb8\x89", b"x"]}
    )
    result = imported(tmp_path, content)
    assert result.rows == [(str(identifier), "张三"), (None, "x")]
    assert result.notes["kept-as-text"].where == "name"


def test_bytes_that_are_no_text_are_left_out_and_noted(tmp_path: Path) -> None:
    pictures = [b"a"] * 70_000 + [b"\xff\xd8\x00"]  # beyond the first batch
    result = imported(tmp_path, parquet({"id": range(70_001), "picture": pictures}))
    assert result.names == ["id"]
    assert result.notes["column-dropped"].where == "picture"
    assert refused(tmp_path, parquet({"picture": [b"\x00\x01"]})).code == "type-unsupported"


def test_nested_values_are_json_without_notation_of_a_language(tmp_path: Path) -> None:
    members: dict[str, Any] = {
        "b": pa.binary(), "t": pa.timestamp("ns"), "d": pa.decimal128(5, 2), "f": pa.float32(),
        "m": pa.map_(pa.string(), pa.int64()), "l": pa.list_(pa.date32()), "u": pa.duration("s"),
    }  # fmt: skip
    value = {
        "b": b"\x00a", "t": 1_001, "d": Decimal("1.10"), "f": 0.1, "m": [("k", 1)], "l": [date(2024, 2, 29), None],
        "u": 86_405,
    }  # fmt: skip
    column = pa.array([value, None], pa.struct(members))
    assert rows_as_json(tmp_path, column) == [
        {
            "b": "AGE=", "t": "1970-01-01T00:00:00.000001Z", "d": "1.10", "f": 0.1, "m": [["k", 1]],
            "l": ["2024-02-29", None], "u": "PT24H5S",
        },
        None,
    ]  # fmt: skip


def test_lists_are_cut_where_their_rows_are(tmp_path: Path) -> None:
    lists = [[index] * (index % 4) if index % 5 else None for index in range(70_000)]
    assert rows_as_json(tmp_path, pa.array(lists, pa.large_list(pa.int64()))) == lists
    fixed = pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2))
    assert rows_as_json(tmp_path, fixed) == [[1, 2], None, [3, 4]]


def test_members_without_a_value_are_null(tmp_path: Path) -> None:
    buffer = BytesIO()
    schema = pa.schema({"id": pa.int64(), "empty": pa.list_(pa.struct([("a", pa.null())]))})
    pq.write_table(pa.table({"id": [1], "empty": [[{"a": None}]]}, schema), buffer)
    assert imported(tmp_path, buffer.getvalue()).rows == [(1, '[{"a":null}]')]


def test_values_of_the_type_variant_are_left_out(tmp_path: Path) -> None:
    variant = pa.array(
        [{"metadata": b"\x01", "value": b"\x0c"}], pa.struct([("metadata", pa.binary()), ("value", pa.binary())])
    )
    listed = pa.array([[variant[0].as_py()]], pa.list_(variant.type))
    result = imported(tmp_path, parquet({"id": [1], "v": variant, "l": listed}))
    assert result.names == ["id"]
    assert "column-dropped" in result.notes


@pytest.mark.parametrize("row", [0, 70_000])
def test_text_that_is_no_utf8_is_refused_with_its_row(tmp_path: Path, row: int) -> None:
    values = [b"x"] * row + [b"\xff\xfe"] + [b"y"]
    bad = pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())
    error = refused(tmp_path, parquet({"id": list(range(len(values))), "a": bad}))
    assert (error.code, error.where) == ("value-unfit", f'column "a", row {row + 1}')


def test_a_small_file_that_unpacks_to_much_is_refused_by_its_size(tmp_path: Path) -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["x" * 100_000])
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"a": words}), path, compression="zstd")
    assert path.stat().st_size < 2**20  # and 2 GB of text
    with pytest.raises(SourceError) as caught:
        import_file(path, tmp_path / "snapshots", options=ImportOptions(max_bytes=100_000_000))
    assert caught.value.code == "too-large"
    assert "100000000 bytes" in caught.value.detail


def test_long_equal_texts_are_read_in_pieces(tmp_path: Path) -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 500, pa.int32()), ["x" * 200_000, "y" * 200_000])
    result = imported(tmp_path, parquet({"a": words}))
    assert [text[0] for text in result.column("a")] == ["x", "y"] * 500


def test_an_encrypted_file_is_said_to_be_encrypted(tmp_path: Path) -> None:
    assert refused(tmp_path, b"PARE" + bytes(100) + b"PARE").code == "file-encrypted"
