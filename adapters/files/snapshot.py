"""Snapshots of imported files: immutable Parquet files, named by the SHA-256 of their bytes.

A file that people go on editing would drift from what was described and agreed. So it is read once, at registration, and
its snapshot serves all later reads. Columns are called c0, c1, … since DuckDB ignores the case of names and people's files
do not; the names are in the metadata, with the description. Timestamps are UTC without a zone, for DuckDB too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.contract import Description, Hint, Note, SourceError
from adapters.plan.masks import FieldType
from adapters.plan.plan import Field
from groundwork import durable

ROW_GROUP_ROWS: Final = 122_880
_METADATA: Final = "exchange.description"
_FORMAT: Final = 1
_UTC: Final = pa.timestamp("us", "UTC")
_STORED: Final = pa.timestamp("us")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot on disk, and its description. `types` are the Arrow types of the fields when delivered.

    `widest` is the most bytes of text in a row; None in snapshots of earlier versions.
    """

    path: Path
    description: Description
    types: tuple[pa.DataType, ...]
    widest: int | None = None


def field_type(kind: pa.DataType) -> FieldType:
    """The field type of a stored Arrow type."""
    if pa.types.is_decimal(kind):
        return "decimal"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return _FIELD_TYPES[kind]


_FIELD_TYPES: Final[dict[pa.DataType, FieldType]] = {
    pa.string(): "string",
    pa.int64(): "integer",
    pa.float64(): "number",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}


def write(
    directory: Path,
    names: Sequence[str],
    types: Sequence[pa.DataType],
    batches: Iterable[Sequence[Any]],
    *,
    nullable: Sequence[bool],
    key: Sequence[str] = (),
    notes: Sequence[Note] = (),
    hints: Sequence[Hint] = (),
) -> Snapshot:
    """Write batches of arrays, one array per column, as a snapshot in an existing directory. Atomic and durable.

    `types` are those of ARROW_TYPES and decimal128.
    """
    schema = pa.schema([pa.field(f"c{index}", _STORED if kind == _UTC else kind) for index, kind in enumerate(types)])
    fields = tuple(
        Field(name, field_type(kind), is_nullable)
        for name, kind, is_nullable in zip(names, schema.types, nullable, strict=True)
    )
    rows = widest = 0
    with durable.replacing(directory / "snapshot") as draft:
        with pq.ParquetWriter(draft.path, schema, compression="zstd", compression_level=1) as writer:
            for arrays in batches:
                table = pa.Table.from_arrays([_store(array) for array in arrays], schema=schema)
                rows += table.num_rows
                widest = max(widest, _widest(table))
                writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            metadata = _metadata(fields, rows, key, notes, hints, widest)
            writer.add_key_value_metadata({_METADATA: metadata.decode()})
        digest = _digest(draft.path)
        path = draft.target = directory / f"{digest}.parquet"
    description = Description(fields, rows, tuple(key), tuple(notes), digest, tuple(hints))
    return Snapshot(path, description, _delivered_types(schema), widest)


def open_snapshot(path: Path) -> Snapshot:
    """Read a snapshot's description, and verify its bytes against its name.

    Raises SourceError snapshot-missing or snapshot-altered.
    """
    try:
        digest = _digest(path)
    except OSError:
        raise SourceError("snapshot-missing", "the snapshot of this file is missing") from None
    if path.stem != digest:
        raise SourceError("snapshot-altered", "the snapshot has changed since the import: its digest differs")
    try:
        file = pq.read_metadata(path)
        schema = file.schema.to_arrow_schema()
        stored = orjson.loads((file.metadata or {}).get(_METADATA.encode(), b"null"))
    except (OSError, pa.ArrowException, orjson.JSONDecodeError):
        stored = None
    if not isinstance(stored, dict) or stored.get("format") != _FORMAT:
        raise SourceError("snapshot-altered", "the snapshot was not written by an import of this version")
    description = Description(
        tuple(Field(**entry) for entry in stored["fields"]),
        stored["rows"],
        tuple(stored["key"]),
        tuple(Note(**entry) for entry in stored["notes"]),
        digest,
        tuple(Hint(**entry) for entry in stored["hints"]),
    )
    return Snapshot(path, description, _delivered_types(schema), stored.get("widest"))


def _widest(table: pa.Table) -> int:
    """The most bytes of text in a row."""
    lengths: list[Any] = [
        pc.fill_null(pc.binary_length(column), 0) for column in table.columns if pa.types.is_string(column.type)
    ]
    if not lengths or not table.num_rows:
        return 0
    total: Any = lengths[0].cast(pa.int64())
    for length in lengths[1:]:
        total = pc.add(total, length)
    return int(pc.max(total).as_py())


def _metadata(
    fields: Sequence[Field], rows: int, key: Sequence[str], notes: Sequence[Note], hints: Sequence[Hint], widest: int
) -> bytes:
    content: dict[str, Any] = {
        "format": _FORMAT,
        "fields": list(fields),
        "rows": rows,
        "key": list(key),
        "notes": list(notes),
        "hints": list(hints),
        "widest": widest,
    }
    return orjson.dumps(content)


def _store(array: Any) -> Any:
    return array.cast(_STORED) if array.type == _UTC else array


def _delivered_types(schema: pa.Schema) -> tuple[pa.DataType, ...]:
    return tuple(_UTC if kind == _STORED else kind for kind in schema.types)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
