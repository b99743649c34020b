"""Answers as bytes: Arrow IPC, CSV and NDJSON from record batches, JSON from rows.

A value has one text in every format and on both ways to it: dates are ISO 8601, instants RFC 3339 in UTC (a fraction
only when there is one, then of six digits), decimals keep their digits (in JSON as text, since a reader's number
would not), doubles are the shortest digits that give them back. Text formats are built column by column with Arrow's
kernels; a loop over rows in Python would be five to ten times slower.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final, Literal, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

Format: TypeAlias = Literal["arrow", "csv", "ndjson"]
MEDIA_TYPES: Final[dict[Format, str]] = {
    "arrow": "application/vnd.apache.arrow.stream",
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
}

# What JSON must escape (RFC 8259 section 7); DEL and beyond may stand as they are.
_ESCAPED: Final = '["\\\\\\x00-\\x1f]'


class ArrowEncoder:
    """An Arrow IPC stream: `start`, any number of `batch`, `end`."""

    def __init__(self, schema: pa.Schema) -> None:
        self._buffer = BytesIO()
        self._writer: Any = pa.ipc.new_stream(self._buffer, schema)

    def start(self) -> bytes:
        """The schema's message."""
        return self._taken()

    def batch(self, batch: pa.RecordBatch) -> bytes:
        """One batch's message."""
        self._writer.write_batch(batch)
        return self._taken()

    def end(self) -> bytes:
        """The mark of the end."""
        self._writer.close()
        return self._taken()

    def _taken(self) -> bytes:
        content = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return content


class CsvEncoder:
    """CSV (RFC 4180) with a header; text is quoted, a missing value is an empty cell without quotes."""

    def __init__(self, schema: pa.Schema) -> None:
        self._names = schema.names
        self._options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")

    def start(self) -> bytes:
        """The header."""
        return (",".join(_csv_name(name) for name in self._names) + "\n").encode()

    def batch(self, batch: pa.RecordBatch) -> bytes:
        """The lines of a batch."""
        if not batch.num_rows:
            return b""
        columns = [_text(column) if _is_rendered(column.type) else column for column in batch.columns]
        buffer = BytesIO()
        named = pa.RecordBatch.from_arrays(columns, names=[f"c{index}" for index in range(len(columns))])
        pa_csv.write_csv(named, buffer, self._options)
        return buffer.getvalue()

    def end(self) -> bytes:
        """Nothing."""
        return b""


class NdjsonEncoder:
    """One JSON object a line."""

    def __init__(self, schema: pa.Schema) -> None:
        keys = [orjson.dumps(name).decode() + ":" for name in schema.names]
        self._before = ["{" + key if index == 0 else "," + key for index, key in enumerate(keys)]

    def start(self) -> bytes:
        """Nothing."""
        return b""

    def batch(self, batch: pa.RecordBatch) -> bytes:
        """The lines of a batch."""
        if not batch.num_rows:
            return b""
        parts: list[Any] = []
        for before, column in zip(self._before, batch.columns, strict=True):
            parts += [pa.scalar(before), _json(column)]
        lines: Any = pc.binary_join_element_wise(*parts, pa.scalar("}\n"), "")
        # The lines already lie one behind the other in the array's buffer of characters.
        offsets = memoryview(lines.buffers()[1]).cast("i")
        return bytes(memoryview(lines.buffers()[2])[offsets[lines.offset] : offsets[lines.offset + len(lines)]])

    def end(self) -> bytes:
        """Nothing."""
        return b""


Encoder: TypeAlias = ArrowEncoder | CsvEncoder | NdjsonEncoder
_ENCODERS: Final[dict[Format, Callable[[pa.Schema], Encoder]]] = {
    "arrow": ArrowEncoder,
    "csv": CsvEncoder,
    "ndjson": NdjsonEncoder,
}


def encoder(kind: Format, schema: pa.Schema) -> Encoder:
    """The encoder of a format."""
    return _ENCODERS[kind](schema)


def encode(kind: Format, batches: Sequence[pa.RecordBatch]) -> Iterator[bytes]:
    """All of an answer, piece by piece; at least one batch is needed, for the schema."""
    one = encoder(kind, batches[0].schema)
    yield one.start()
    for batch in batches:
        yield one.batch(batch)
    yield one.end()


def rows_to_json(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Rows as a JSON array of objects."""
    rendered = rows
    for index in _number_columns(rows):
        texts = _text(pa.array([row[index] for row in rows], pa.float64())).to_pylist()
        rendered = [
            (*row[:index], orjson.Fragment(text) if text is not None else None, *row[index + 1 :])
            for row, text in zip(rendered, texts, strict=True)
        ]
    objects = [dict(zip(names, row, strict=True)) for row in rendered]
    return orjson.dumps(objects, default=_plain, option=orjson.OPT_UTC_Z)


def _number_columns(rows: Sequence[tuple[Any, ...]]) -> list[int]:
    """Columns with doubles: their digits come from Arrow, so that 1 is "1" and not "1.0" here alone."""
    width = len(rows[0]) if rows else 0
    return [index for index in range(width) if any(type(row[index]) is float for row in rows)]


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"no JSON for {type(value).__name__}")


def text_of(value: Any) -> str:
    """The text of one value, the same that every format gives it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return str(_text(pa.array([value]))[0].as_py())
    return str(value)


def _is_rendered(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind)


def _text(column: Any) -> Any:
    """The texts of a column, missing values missing."""
    if not pa.types.is_timestamp(column.type):
        return pc.cast(column, pa.string())
    # Without its zone, which is UTC: looking a zone up for each value is twenty times slower.
    text: Any = pc.replace_substring(pc.cast(column.cast(pa.timestamp("us")), pa.string()), " ", "T")
    return pc.binary_join_element_wise(pc.replace_substring(text, ".000000", ""), pa.scalar("Z"), "")


def _json(column: Any) -> Any:
    """A column as JSON texts."""
    kind = column.type
    if pa.types.is_null(kind):
        return pa.repeat("null", len(column))
    if pa.types.is_string(kind):
        text = _quoted(_escaped(column))
    elif pa.types.is_decimal(kind) or pa.types.is_temporal(kind):
        text = _quoted(_text(column))
    else:
        text = _text(column)
    return pc.fill_null(text, "null") if column.null_count else text


def _quoted(text: Any) -> Any:
    return pc.binary_join_element_wise(pa.scalar('"'), text, pa.scalar('"'), "")


def _escaped(column: Any) -> Any:
    """Text with JSON's escapes; most columns need none, and few cells of the others."""
    needs: Any = pc.match_substring_regex(column, _ESCAPED)
    needs = needs.fill_null(False)
    if not pc.any(needs).as_py():
        return column
    escaped = [orjson.dumps(value).decode()[1:-1] for value in column.filter(needs).to_pylist()]
    return pc.replace_with_mask(column, needs, pa.array(escaped, pa.string()))


def _csv_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if any(one in name for one in ',"\r\n') else name
