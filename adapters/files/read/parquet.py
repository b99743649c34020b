"""Import Parquet files: each type is converted to a field type, or its column is left out with a note."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.contract import Note, SourceError
from adapters.contract.hints import guess_hints
from adapters.files.infer.keys import find_key
from adapters.files.infer.layout import clean_name
from adapters.files.options import MAX_COLUMNS
from adapters.files.snapshot import Snapshot, write

_UTC: Final = pa.timestamp("us", "UTC")
_BATCH: Final = 65_536
_MAX_PRECISION: Final = 38
_Conversion = Callable[[Any], Any]


def import_parquet(path: Path, directory: Path) -> Snapshot:
    """Copy a Parquet file into a snapshot.

    Raises SourceError file-unreadable, header-missing, type-unsupported, too-large, value-unfit.
    """
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError):
        raise SourceError("file-unreadable", "the Parquet file is damaged or truncated") from None
    if len(schema) > MAX_COLUMNS:
        raise SourceError("too-large", f"the table has {len(schema)} columns; at most {MAX_COLUMNS} are imported")
    notes: list[Note] = []
    plan: list[tuple[int, str, pa.DataType, _Conversion]] = []
    for index, field in enumerate(schema):
        conversion = _find_conversion(field.type)
        if conversion is None:
            notes.append(Note("column-dropped", f"columns of type {field.type} cannot be delivered", field.name))
            continue
        target, convert, note = conversion
        if note:
            notes.append(Note("kept-as-text" if target == pa.string() else "time-zone-assumed", note, field.name))
        plan.append((index, clean_name(field.name) or f"column_{index + 1}", target, convert))
    names = [name for _, name, _, _ in plan]
    if not plan:
        raise SourceError("type-unsupported", "no column has a type that can be delivered")
    if len(set(names)) != len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise SourceError("header-missing", "two columns have the same name", f'column "{repeated}"')
    return _copy(path, directory, plan, notes)


def _copy(
    path: Path, directory: Path, plan: list[tuple[int, str, pa.DataType, _Conversion]], notes: list[Note]
) -> Snapshot:
    names, types = [name for _, name, _, _ in plan], [target for _, _, target, _ in plan]
    nullable = _find_nullable(path, plan)
    sample = next(_batches(path, plan), None)
    if sample is None:
        sample = [pa.array([], kind) for kind in types]
    hints = guess_hints(pa.Table.from_arrays([array.slice(0, 500) for array in sample], names=names))
    unique = {name: len(pc.unique(array)) == len(array) > 0 for name, array in zip(names, sample, strict=True)}
    key = find_key(names, types, nullable, unique, lambda position: _is_unique(path, plan, position))
    return write(directory, names, types, _batches(path, plan), nullable=nullable, key=key, notes=notes, hints=hints)


def _batches(path: Path, plan: list[tuple[int, str, pa.DataType, _Conversion]]) -> Iterator[list[Any]]:
    try:
        for batch in pq.ParquetFile(path).iter_batches(_BATCH):
            yield [_convert(batch.column(index), name, target, convert) for index, name, target, convert in plan]
    except MemoryError:  # one of Arrow's exceptions is both
        raise
    except (pa.ArrowException, OSError):
        raise SourceError("file-unreadable", "the Parquet file is damaged") from None


def _convert(array: Any, name: str, target: pa.DataType, convert: _Conversion) -> Any:
    try:
        converted = convert(array)
        return converted if converted.type == target else converted.cast(target)
    except pa.ArrowInvalid:
        raise SourceError("value-unfit", "a value is outside the range of its type", f'column "{name}"') from None


def _find_nullable(path: Path, plan: list[tuple[int, str, pa.DataType, _Conversion]]) -> list[bool]:
    """The columns that have missing values."""
    nullable = [False] * len(plan)
    for arrays in _batches(path, plan):
        for position, array in enumerate(arrays):
            nullable[position] = nullable[position] or array.null_count > 0
    return nullable


def _is_unique(path: Path, plan: list[tuple[int, str, pa.DataType, _Conversion]], position: int) -> bool:
    whole: Any = pa.chunked_array([arrays[0] for arrays in _batches(path, [plan[position]])])
    return int(pc.count_distinct(whole).as_py()) == len(whole)


def _plain(array: Any) -> Any:
    return array


def _number(array: Any) -> Any:
    """Doubles; NaN and infinities are missing values."""
    array = array.cast(pa.float64())
    return pc.if_else(pc.is_finite(array), array, None)


def _json(array: Any) -> Any:
    texts = (None if value is None else orjson.dumps(value, default=str).decode() for value in array.to_pylist())
    return pa.array(list(texts), pa.string())


def _zoned(array: Any) -> Any:
    return array.cast(pa.timestamp("us")).cast(_UTC) if array.type.tz is None else array.cast(_UTC)


def _find_conversion(kind: pa.DataType) -> tuple[pa.DataType, _Conversion, str | None] | None:
    """The field's Arrow type for a Parquet type, the conversion, and a note for the owner; None for a type without one."""
    if pa.types.is_dictionary(kind):
        inner = _find_conversion(kind.value_type)
        return None if inner is None else (inner[0], lambda array: inner[1](array.dictionary_decode()), inner[2])
    for matches, target, convert, note in _CONVERSIONS:
        if matches(kind):
            return target, convert, note
    if pa.types.is_decimal(kind):
        if kind.precision <= _MAX_PRECISION and 0 <= kind.scale <= kind.precision:
            return pa.decimal128(kind.precision, kind.scale), _plain, None
        return pa.string(), _plain, "a decimal this wide is delivered as text"
    if pa.types.is_timestamp(kind):
        return _UTC, _zoned, None if kind.tz else "times without a zone are read as UTC"
    return None


_CONVERSIONS: Final[tuple[tuple[Callable[[Any], bool], pa.DataType, _Conversion, str | None], ...]] = (
    (pa.types.is_boolean, pa.bool_(), _plain, None),
    (pa.types.is_uint64, pa.decimal128(20, 0), _plain, None),
    (pa.types.is_integer, pa.int64(), _plain, None),
    (pa.types.is_floating, pa.float64(), _number, None),
    (pa.types.is_date, pa.date32(), _plain, None),
    (pa.types.is_string, pa.string(), _plain, None),
    (pa.types.is_large_string, pa.string(), _plain, None),
    (pa.types.is_string_view, pa.string(), _plain, None),
    (pa.types.is_time, pa.string(), _plain, "a time of day is delivered as text"),
    (pa.types.is_null, pa.string(), _plain, None),
    (pa.types.is_nested, pa.string(), _json, "nested values are delivered as JSON text"),
)
