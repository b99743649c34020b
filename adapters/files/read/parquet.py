"""Import Parquet files: each type is converted to a field type, or its column is left out with a note.

A small file can hold an enormous table, since equal values are stored once. So columns of text stay dictionaries until
they are taken in pieces of bounded size, and what the file unpacks to is counted.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.contract import ARROW_TYPES, Note, SourceError
from adapters.contract.hints import guess_hints
from adapters.files.deadline import Deadline
from adapters.files.infer.keys import find_key
from adapters.files.infer.layout import clean_name
from adapters.files.options import MAX_COLUMNS, ImportOptions
from adapters.files.read.arrow_json import as_json, has_leaves, is_json
from adapters.files.read.arrow_values import (
    BadText,
    Convert,
    Losses,
    bytes_as_text,
    describe_losses,
    find_conversion,
)
from adapters.files.snapshot import Snapshot, field_type, write

_BATCH_ROWS: Final = 65_536
_BATCH_BYTES: Final = 2**26
_HINT_ROWS: Final = 500
# Pairs of a file's type and an expected one; a value that does not fit is refused.
_READ_AS: Final = {("integer", "number"), ("number", "integer"), ("integer", "decimal"), ("date", "timestamp")}
_LEVEL: Final = 8  # bytes, at least, of a value in memory


class _Column:
    """A column while it is read: where it is, what it becomes, and what its values lost."""

    def __init__(self, index: int, name: str, target: pa.DataType, convert: Convert, notes: list[Note]) -> None:
        self.index = index
        self.name = name
        self.target = target
        self.notes = notes
        self.losses: Losses = Counter()
        self.is_nullable = False
        self.is_dropped = False
        self._convert = convert

    def convert(self, array: Any, first: int) -> Any:
        """The values of a batch whose first row has this number. Raises SourceError value-unfit."""
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        try:
            converted = array if self.is_dropped else self._convert(array, self.losses)
            converted = converted if converted.type == self.target else converted.cast(self.target)
        except BadText as error:
            row = f", row {first + error.index}" if error.index is not None else ""
            raise SourceError("value-unfit", "a text is no valid UTF-8", f'column "{self.name}"{row}') from None
        except MemoryError:  # one of Arrow's exceptions is both
            raise
        except pa.ArrowInvalid:
            raise SourceError(
                "value-unfit", "a value is outside the range of its type", f'column "{self.name}"'
            ) from None
        self.is_nullable = self.is_nullable or converted.null_count > 0
        return converted


class _Bytes(_Column):
    """A column of bytes without a declared type. It becomes text, or is left out if some are none."""

    def convert(self, array: Any, first: int) -> Any:
        """Text, or nothing once a value is no text."""
        if not self.is_dropped:
            try:
                return super().convert(array, first)
            except SourceError:
                self.is_dropped = True
                self.notes = [Note("column-dropped", "bytes that are no text cannot be delivered", self.name)]
        self.is_nullable = True
        return pa.nulls(len(array), pa.string())


def import_parquet(path: Path, directory: Path, options: ImportOptions, deadline: Deadline) -> Snapshot:
    """Copy a Parquet file into a snapshot.

    Raises SourceError file-unreadable, file-encrypted, header-missing, type-unsupported, too-large, value-unfit.
    """
    with _reader_errors():
        file = pq.ParquetFile(path, coerce_int96_timestamp_unit="us")
        schema = file.schema_arrow
        _check_size(file.metadata, schema, options)
        dictionaries = [file.schema.column(index).path for index in range(len(file.schema)) if _has_words(file, index)]
        file = pq.ParquetFile(path, coerce_int96_timestamp_unit="us", read_dictionary=dictionaries)
        columns, notes = _choose_columns(schema)
        _expect(columns, schema, options)
        with TemporaryDirectory(dir=directory, prefix="parquet-") as temporary:
            spool = Path(temporary) / "cells.arrow"
            rows = _spool(file, columns, spool, options, deadline)
            return _write(columns, notes, spool, rows, directory)


@contextmanager
def _reader_errors() -> Iterator[None]:
    """Turn the reader's errors into SourceError."""
    try:
        yield
    except MemoryError:
        raise
    except UnicodeDecodeError:
        raise SourceError("header-missing", "the name of a column is no valid UTF-8") from None
    except RecursionError:
        raise SourceError("type-unsupported", "a column is nested too deeply") from None
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the system: no space, a limit on files
        if "crypt" in str(error):
            raise SourceError("file-encrypted", "the Parquet file is encrypted; save it without encryption") from None
        raise SourceError("file-unreadable", "the Parquet file is damaged or truncated") from None


def _has_words(file: Any, index: int) -> bool:
    """Whether a column is text that the file stores as a dictionary."""
    column = file.schema.column(index)
    if column.physical_type != "BYTE_ARRAY" or column.max_repetition_level:
        return False
    groups = range(file.metadata.num_row_groups)
    return all(file.metadata.row_group(group).column(index).has_dictionary_page for group in groups)


def _check_size(metadata: Any, schema: pa.Schema, options: ImportOptions) -> None:
    """Raise SourceError too-large by what the file declares of itself."""
    if len(schema) > MAX_COLUMNS:
        raise SourceError("too-large", f"the table has {len(schema)} columns; at most {MAX_COLUMNS} are imported")
    declared = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if declared > options.max_bytes:
        raise _too_large(options)


def _too_large(options: ImportOptions) -> SourceError:
    detail = f"the table unpacks to more than {options.max_bytes} bytes; import it in parts, or without its long texts"
    return SourceError("too-large", detail)


def _choose_columns(schema: pa.Schema) -> tuple[list[_Column], list[Note]]:
    """The columns to import, and notes on those that are left out."""
    columns: list[_Column] = []
    notes: list[Note] = []
    read = 0  # columns that the reader gives
    for index, field in enumerate(schema):
        name = clean_name(field.name) or f"column_{index + 1}"
        column = _choose_conversion(read, name, field.type) if has_leaves(field.type) else None
        read += has_leaves(field.type)
        if column is None:
            notes.append(Note("column-dropped", f"columns of type {str(field.type)[:100]} cannot be delivered", name))
        else:
            columns.append(column)
    names = Counter(column.name for column in columns)
    if not columns:
        raise SourceError("type-unsupported", "no column has a type that can be delivered")
    if repeated := [name for name, count in names.items() if count > 1]:
        raise SourceError("header-missing", "two columns have the same name", f'column "{repeated[0]}"')
    return columns, notes


def _choose_conversion(index: int, name: str, kind: pa.DataType) -> _Column | None:
    if pa.types.is_dictionary(kind):
        return _choose_conversion(index, name, kind.value_type)
    conversion = find_conversion(kind)
    if conversion is not None:
        note = conversion.note
        notes = [Note(note.code, note.text, name)] if note else []
        return _Column(index, name, conversion.target, conversion.convert, notes)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        note = Note("kept-as-text", "bytes without a declared type are read as UTF-8", name)
        return _Bytes(index, name, pa.string(), lambda array, _losses: bytes_as_text(array), [note])
    if pa.types.is_nested(kind) and is_json(kind):
        note = Note("kept-as-text", "nested values are delivered as JSON text", name)
        return _Column(index, name, pa.string(), as_json, [note])
    return None


def _expect(columns: list[_Column], schema: pa.Schema, options: ImportOptions) -> None:
    """Read columns as the types that are expected, where every value of the one type has a value of the other."""
    empty = {clean_name(field.name) for field in schema if pa.types.is_null(field.type)}
    for column in columns:
        expected = options.types.get(column.name, options.expected.get(column.name))
        if expected is None:
            continue
        if column.name in empty or (field_type(column.target), expected) in _READ_AS:
            column.target = pa.decimal128(19, 0) if expected == "decimal" else ARROW_TYPES[expected]


def _spool(file: Any, columns: list[_Column], path: Path, options: ImportOptions, deadline: Deadline) -> int:
    """Convert all rows into an Arrow file; their number. Raises SourceError."""
    schema = pa.schema([(f"c{index}", column.target) for index, column in enumerate(columns)])
    rows = unpacked = 0
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for group in range(file.num_row_groups):
            metadata = file.metadata.row_group(group)
            for batch in file.iter_batches(_batch_rows(metadata, file.metadata.num_columns), row_groups=[group]):
                deadline.check()
                unpacked += _unpacked(batch)
                if unpacked > options.max_bytes:
                    raise _too_large(options)
                for piece in _pieces(batch):
                    arrays = [column.convert(piece.column(column.index), rows + 1) for column in columns]
                    writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
                    rows += piece.num_rows
    return rows


def _batch_rows(group: Any, columns: int) -> int:
    """The rows to read at once, so that they take bounded memory, as far as the file declares its sizes."""
    values = sum(group.column(index).num_values for index in range(columns))
    size = max(group.total_byte_size, values * _LEVEL)
    return int(max(1, min(_BATCH_ROWS, _BATCH_BYTES * max(group.num_rows, 1) // max(size, 1))))


def _unpacked(batch: Any) -> int:
    """The bytes of a batch once its dictionaries are decoded."""
    return sum(_decoded_bytes(column) for column in batch.columns)


def _decoded_bytes(array: Any) -> int:
    if not pa.types.is_dictionary(array.type) or not len(array.dictionary):
        return int(array.nbytes)
    lengths = pc.binary_length(array.dictionary).cast(pa.int64())
    return (pc.sum(lengths.take(array.indices)).as_py() or 0) + len(array)


def _pieces(batch: Any) -> Iterator[Any]:
    """A batch in pieces of bounded size, or of one row."""
    if batch.num_rows <= 1 or _unpacked(batch) <= _BATCH_BYTES:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _pieces(batch.slice(0, half))
    yield from _pieces(batch.slice(half))


def _write(columns: list[_Column], notes: list[Note], spool: Path, rows: int, directory: Path) -> Snapshot:
    kept = [position for position, column in enumerate(columns) if not column.is_dropped]
    notes = [*notes, *(note for column in columns for note in (*column.notes, *_losses_of(column)))]
    if not kept:
        raise SourceError("type-unsupported", "no column has a type that can be delivered")
    names = [columns[position].name for position in kept]
    types = [columns[position].target for position in kept]
    nullable = [columns[position].is_nullable for position in kept]
    with pa.memory_map(str(spool)) as source:
        reader = pa.ipc.open_file(source)
        sample = [pa.array([], kind) for kind in types]
        if rows:
            first = reader.get_batch(0)
            sample = [first.column(position) for position in kept]
        hints = guess_hints(pa.Table.from_arrays([array.slice(0, _HINT_ROWS) for array in sample], names=names))
        unique = {name: len(pc.unique(array)) == len(array) > 0 for name, array in zip(names, sample, strict=True)}
        key = find_key(names, types, nullable, unique, lambda position: _is_unique(reader, kept[position]))
        batches = _groups(reader, kept)
        return write(directory, names, types, batches, nullable=nullable, key=key, notes=notes, hints=hints)


def _losses_of(column: _Column) -> list[Note]:
    return [] if column.is_dropped else describe_losses(column.losses, column.name)


def _is_unique(reader: Any, position: int) -> bool:
    arrays = [reader.get_batch(index).column(position) for index in range(reader.num_record_batches)]
    whole: Any = pa.chunked_array(arrays)
    try:
        return int(pc.count_distinct(whole).as_py()) == len(whole)
    except MemoryError:  # a key is a convenience: the file is imported without one
        return False


def _groups(reader: Any, kept: list[int]) -> Iterator[list[Any]]:
    """The columns to keep, in groups of small batches, as large as a batch may be."""
    pending: list[Any] = []
    rows = size = 0
    for index in range(reader.num_record_batches):
        batch = reader.get_batch(index).select(kept)
        if pending and (rows + batch.num_rows > _BATCH_ROWS or size + batch.nbytes > _BATCH_BYTES):
            yield _joined(pending)
            pending, rows, size = [], 0, 0
        pending.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    if pending:
        yield _joined(pending)


def _joined(batches: list[Any]) -> list[Any]:
    columns = zip(*(batch.columns for batch in batches), strict=True)
    return [arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays) for arrays in columns]
