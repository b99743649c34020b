"""Encodes records: Arrow IPC, CSV and NDJSON from record batches, JSON from rows.

A value has the same text in every format, from batches and from rows (`columns.py`). Large batches are encoded in a
thread, since 16,384 rows of text take tens of milliseconds.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final, Literal, Protocol, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from adapters.contract import ARROW_TYPES, Rows
from adapters.plan.plan import Field
from exchange.delivery.formats.columns import as_json, as_text, inside_quotes, is_quoted

Format: TypeAlias = Literal["arrow", "csv", "ndjson"]

_SMALL: Final = 2_000  # rows whose rendering is not worth a thread


class Renderer(Protocol):
    """A format: `begin` with the schema of the first batch, then the batches, then `end`."""

    def begin(self, schema: pa.Schema) -> bytes:
        """The bytes before the first row."""

    def batch(self, batch: pa.RecordBatch) -> bytes:
        """The rows of a batch."""

    def end(self) -> bytes:
        """The bytes after the last row."""


class ArrowRenderer:
    """An Arrow IPC stream."""

    def __init__(self) -> None:
        self._buffer = BytesIO()
        self._writer: Any = None

    def begin(self, schema: pa.Schema) -> bytes:
        """The schema's message."""
        self._writer = pa.ipc.new_stream(self._buffer, schema)
        return self._taken()

    def batch(self, batch: pa.RecordBatch) -> bytes:
        """One batch's message."""
        self._writer.write_batch(batch)
        return self._taken()

    def end(self) -> bytes:
        """The end-of-stream marker."""
        if self._writer is not None:
            self._writer.close()
        return self._taken()

    def _taken(self) -> bytes:
        content = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return content


class CsvRenderer:
    """CSV (RFC 4180, lines end in LF) with a header; a missing value is an empty cell, an empty text a quoted one.

    In an answer of one field both are quoted: readers skip empty lines, and would lose these rows.
    """

    _options: Final = pa_csv.WriteOptions(include_header=False, quoting_style="needed")

    def begin(self, schema: pa.Schema) -> bytes:
        """The header."""
        return (",".join(_csv_name(name) for name in schema.names) + "\n").encode()

    def batch(self, batch: pa.RecordBatch) -> bytes:
        """The lines of a batch."""
        if not batch.num_rows:
            return b""
        columns = [as_text(column) if is_quoted(column.type) else column for column in batch.columns]
        if len(columns) == 1 and columns[0].null_count:
            texts: Any = pc.cast(columns[0], pa.string())
            columns = [pc.fill_null(texts, "")]
        names = [f"c{index}" for index in range(len(columns))]
        buffer = BytesIO()
        pa_csv.write_csv(pa.RecordBatch.from_arrays(columns, names=names), buffer, self._options)
        return buffer.getvalue()

    def end(self) -> bytes:
        """Nothing."""
        return b""


class NdjsonRenderer:
    """One JSON object a line."""

    def __init__(self) -> None:
        self._before: list[str] = []

    def begin(self, schema: pa.Schema) -> bytes:
        """Nothing."""
        keys = [orjson.dumps(name).decode() + ":" for name in schema.names]
        self._before = ["{" + key if index == 0 else "," + key for index, key in enumerate(keys)]
        return b""

    def batch(self, batch: pa.RecordBatch) -> bytes:
        """The lines of a batch."""
        if not batch.num_rows:
            return b""
        parts: list[Any] = []
        quote = ""
        for before, column in zip(self._before, batch.columns, strict=True):
            # In a column without missing values the quotes can be part of the text between two columns.
            is_bare = is_quoted(column.type) and not column.null_count
            between = quote + before + ('"' if is_bare else "")
            parts += [pa.scalar(between), inside_quotes(column) if is_bare else as_json(column)]
            quote = '"' if is_bare else ""
        lines: Any = pc.binary_join_element_wise(*parts, pa.scalar(quote + "}\n"), "")
        # The lines are consecutive in the array's buffer of characters.
        offsets = memoryview(lines.buffers()[1]).cast("i")
        return bytes(memoryview(lines.buffers()[2])[offsets[lines.offset] : offsets[lines.offset + len(lines)]])

    def end(self) -> bytes:
        """Nothing."""
        return b""


_RENDERERS: Final[dict[Format, Callable[[], Renderer]]] = {
    "arrow": ArrowRenderer,
    "csv": CsvRenderer,
    "ndjson": NdjsonRenderer,
}


class StreamEncoder:
    """Encodes a stream batch by batch. The header comes with the first batch, even an empty one."""

    def __init__(self, kind: Format) -> None:
        self._renderer = _RENDERERS[kind]()
        self._has_begun = False

    async def add(self, batch: pa.RecordBatch) -> bytes:
        """The bytes of a batch."""
        if batch.num_rows <= _SMALL:
            return self._render(batch)
        return await asyncio.to_thread(self._render, batch)

    async def end(self) -> bytes:
        """The bytes after the last batch."""
        return self._renderer.end()

    def _render(self, batch: pa.RecordBatch) -> bytes:
        head = b"" if self._has_begun else self._renderer.begin(batch.schema)
        self._has_begun = True
        return head + self._renderer.batch(batch)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a stream: its bytes, and the number of rows in them."""

    rows: int
    content: bytes


async def encode_stream(kind: Format, batches: AsyncGenerator[pa.RecordBatch]) -> AsyncGenerator[Chunk]:
    """Encode a stream: a chunk for each batch, and one after the last. The batches are closed with it."""
    encoder = StreamEncoder(kind)
    async with aclosing(batches):
        async for batch in batches:
            chunks = [Chunk(batch.num_rows, await encoder.add(batch))]
            del batch  # a generator that waits holds nothing
            yield chunks.pop()
    yield Chunk(0, await encoder.end())


def batch_of(rows: Rows, fields: Iterable[Field]) -> pa.RecordBatch:
    """The rows of a page as a batch. Decimals become text, since rows lack the scale that their source declared."""
    columns = list(zip(*rows.rows, strict=True)) or [()] * len(rows.names)
    arrays = [
        pa.array([text_of(value) if isinstance(value, Decimal) else value for value in column], ARROW_TYPES[field.type])
        for column, field in zip(columns, fields, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=list(rows.names))


def json_text(value: Any) -> bytes:
    """A JSON document in the same spelling of values as json_rows."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


def json_rows(rows: Rows) -> bytes:
    """Rows as a JSON array of objects."""
    rendered: Sequence[tuple[Any, ...]] = rows.rows
    for index in _number_columns(rendered):
        texts = as_text(pa.array([row[index] for row in rendered], pa.float64())).to_pylist()
        rendered = [
            (*row[:index], orjson.Fragment(text) if text is not None else None, *row[index + 1 :])
            for row, text in zip(rendered, texts, strict=True)
        ]
    return json_text([dict(zip(rows.names, row, strict=True)) for row in rendered])


def _number_columns(rows: Sequence[tuple[Any, ...]]) -> list[int]:
    """The columns with doubles: Arrow prints their digits, so that 1 is "1" as in the other formats, not "1.0"."""
    return sorted({index for row in rows for index, value in enumerate(row) if type(value) is float})


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"no JSON for {type(value).__name__}")


def text_of(value: Any) -> str:
    """The text of one value, as every format prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return str(as_text(pa.array([value]))[0].as_py())
    return str(value)


def _csv_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if any(character in name for character in ',"\r\n') else name
