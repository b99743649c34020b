"""Convert Arrow columns to the types of fields; count what has no value of its type.

A value keeps its meaning, and has the text that it would have in another kind of source: 32-bit floats have the fewest
digits that round-trip (as `real` in PostgreSQL), and NaN, infinities and dates outside the years 1 to 9999 are missing.
"""

import struct
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import Note, NoteCode

Loss: TypeAlias = Literal["not-finite", "far", "no-clock", "cut", "bytes"]
Losses: TypeAlias = Counter[Loss]
Convert: TypeAlias = Callable[[Any, Losses], Any]

_UTC: Final = pa.timestamp("us", "UTC")
_EPOCH: Final = date(1970, 1, 1).toordinal()
_FIRST_DAY: Final = date.min.toordinal() - _EPOCH
_LAST_DAY: Final = date.max.toordinal() - _EPOCH
_DAY: Final = 86_400
_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_MICROS: Final = 10**6
_MAX_PRECISION: Final = 38
_CONTROL: Final = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]"
_HALF_DIGITS: Final = 5
_NOTES: Final[dict[Loss, tuple[NoteCode, str]]] = {
    "not-finite": ("missing-values", "cells are NaN or infinite; they count as missing"),
    "far": ("missing-values", "cells are outside the years 1 to 9999; they count as missing"),
    "no-clock": ("missing-values", "cells are no time of a day; they count as missing"),
    "cut": ("converted", "times are cut to the microsecond"),
    "bytes": ("converted", "byte values inside are delivered as base64"),
}


class BadText(Exception):
    """A text is no valid UTF-8; `index` is its position in the array, None inside nested values."""

    def __init__(self, index: int | None = None) -> None:
        super().__init__()
        self.index = index


@dataclass(frozen=True, slots=True)
class Conversion:
    """The conversion of a type to a field: the field's Arrow type, the function for an array, and a note for the owner."""

    target: pa.DataType
    convert: Convert
    note: Note | None = None


def describe_losses(losses: Losses, name: str) -> list[Note]:
    """The notes on what a column's values lost."""
    return [Note(_NOTES[loss][0], f"{count} {_NOTES[loss][1]}", name) for loss, count in losses.items() if count]


def find_conversion(kind: pa.DataType) -> Conversion | None:
    """The conversion of a type without members; None if it cannot be delivered. Dictionaries are decoded before."""
    if isinstance(kind, pa.BaseExtensionType):
        return _of_extension(kind)
    if pa.types.is_decimal(kind):
        if kind.precision <= _MAX_PRECISION and 0 <= kind.scale <= kind.precision:
            return Conversion(pa.decimal128(kind.precision, kind.scale), _plain)
        return Conversion(pa.string(), _plain, Note("kept-as-text", "a decimal this wide is delivered as text"))
    if pa.types.is_timestamp(kind):
        note = Note("time-zone-assumed", "times without a zone are read as UTC")
        return Conversion(_UTC, _instants, None if kind.tz else note)
    for matches, target, convert, text in _CONVERSIONS:
        if matches(kind):
            return Conversion(target, convert, Note("kept-as-text", text) if text else None)
    return None


def _of_extension(kind: Any) -> Conversion | None:
    if isinstance(kind, pa.UuidType):
        return Conversion(pa.string(), _uuids)
    inner = find_conversion(kind.storage_type)
    if inner is None:
        return None
    return Conversion(inner.target, lambda array, losses: inner.convert(array.storage, losses), inner.note)


def check_text(array: Any) -> Any:
    """The array as strings. Raises BadText for one that is no valid UTF-8: Parquet files need not keep their promise."""
    try:
        strings = array.cast(pa.string())
        strings.validate(full=True)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        raise BadText(_first_bad(array)) from None
    return strings


def bytes_as_text(array: Any) -> Any:
    """Bytes as the text that they are in UTF-8. Raises BadText where they are none, or hold control characters."""
    strings = check_text(array)
    if pc.any(pc.match_substring_regex(strings, _CONTROL)).as_py():
        raise BadText
    return strings


def as_base64(array: Any, losses: Losses) -> list[str | None]:
    """Bytes as base64 (RFC 4648 section 4)."""
    losses["bytes"] += len(array) - array.null_count
    return [None if value is None else b64encode(value).decode() for value in array.to_pylist()]


def _first_bad(array: Any) -> int | None:
    for index, value in enumerate(array.cast(pa.large_binary())):
        try:
            (value.as_py() or b"").decode()
        except UnicodeDecodeError:
            return index
    return None


def _plain(array: Any, _losses: Losses) -> Any:
    return array


def _text(array: Any, _losses: Losses) -> Any:
    return check_text(array)


def _uuids(array: Any, _losses: Losses) -> Any:
    texts = (None if value is None else str(UUID(bytes=value)) for value in array.storage.to_pylist())
    return pa.array(list(texts), pa.string())


def _without(array: Any, is_lost: Any, loss: Loss, losses: Losses) -> Any:
    """The array with values missing where `is_lost`, counted."""
    count = pc.sum(is_lost).as_py() or 0
    if not count:
        return array
    losses[loss] += count
    return pc.if_else(is_lost, None, array)


def _numbers(array: Any, losses: Losses) -> Any:
    if pa.types.is_float16(array.type):
        array = _half_floats(array)
    elif pa.types.is_float32(array.type):
        array = array.cast(pa.string()).cast(pa.float64())
    return _without(array, pc.invert(pc.is_finite(array)), "not-finite", losses)


def _half_floats(array: Any) -> Any:
    """16-bit floats as the doubles with the fewest digits that round-trip."""
    codes = array.view(pa.uint16()).dictionary_encode()
    doubles = [_shortest_half(struct.pack("<H", code)) for code in codes.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(codes.indices, pa.array(doubles, pa.float64())).dictionary_decode()


def _shortest_half(packed: bytes) -> float:
    (value,) = struct.unpack("<e", packed)
    for digits in range(1, _HALF_DIGITS + 1):
        text = f"{value:.{digits}g}"
        try:
            if struct.pack("<e", float(text)) == packed:
                return float(text)
        except OverflowError:
            continue
    return float(value)


def _between(ticks: Any, first: int, last: int) -> Any:
    """Whether each value lies outside of a range."""
    return pc.or_(pc.less(ticks, pa.scalar(first, pa.int64())), pc.greater(ticks, pa.scalar(last, pa.int64())))


def _floor(ticks: Any, divisor: int) -> Any:
    """Integer division that rounds down."""
    quotient: Any = pc.divide(ticks, pa.scalar(divisor, pa.int64()))
    rest = pc.subtract(ticks, pc.multiply(quotient, pa.scalar(divisor, pa.int64())))
    return pc.subtract(quotient, pc.cast(pc.less(rest, pa.scalar(0, pa.int64())), pa.int64()))


def _dates(array: Any, losses: Losses) -> Any:
    if pa.types.is_date64(array.type):
        days = _floor(array.view(pa.int64()), _DAY * 1000)
    else:
        days = array.view(pa.int32()).cast(pa.int64())
    days = _without(days, _between(days, _FIRST_DAY, _LAST_DAY), "far", losses)
    return days.cast(pa.int32()).cast(pa.date32())


def _instants(array: Any, losses: Losses) -> Any:
    """Instants in UTC, to the microsecond, rounded down. One day less at both ends: no time zone leads beyond them."""
    per_second = _PER_SECOND[array.type.unit]
    ticks = array.view(pa.int64())
    if per_second <= _MICROS:
        first, last = (_FIRST_DAY + 1) * _DAY * per_second, (_LAST_DAY - 1) * _DAY * per_second
        ticks = _without(ticks, _between(ticks, first, last), "far", losses)
        return pc.multiply(ticks, pa.scalar(_MICROS // per_second, pa.int64())).cast(_UTC)
    micros = _floor(ticks, per_second // _MICROS)
    is_cut = pc.not_equal(pc.multiply(micros, pa.scalar(per_second // _MICROS, pa.int64())), ticks)
    losses["cut"] += pc.sum(is_cut).as_py() or 0
    return micros.cast(_UTC)


def _clocks(array: Any, losses: Losses) -> Any:
    ticks = array.view(pa.int32() if pa.types.is_time32(array.type) else pa.int64()).cast(pa.int64())
    is_lost = _between(ticks, 0, _DAY * _PER_SECOND[array.type.unit] - 1)
    return _without(array, is_lost, "no-clock", losses).cast(pa.string())


def _durations(array: Any, _losses: Losses) -> Any:
    per_second = _PER_SECOND[array.type.unit]
    ticks = array.view(pa.int64()).to_pylist()
    return pa.array([None if tick is None else _duration(tick, per_second) for tick in ticks], pa.string())


def _duration(ticks: int, per_second: int) -> str:
    """A duration of ISO 8601 in hours, minutes and seconds."""
    seconds, fraction = divmod(abs(ticks), per_second)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    decimals = f".{fraction:0{len(str(per_second)) - 1}}".rstrip("0").rstrip(".") if fraction else ""
    parts = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else ""]
    parts.append(f"{seconds}{decimals}S" if seconds or decimals or not any(parts) else "")
    return ("-" if ticks < 0 else "") + "PT" + "".join(parts)


_CONVERSIONS: Final[tuple[tuple[Callable[[Any], bool], pa.DataType, Convert, str | None], ...]] = (
    (pa.types.is_boolean, pa.bool_(), _plain, None),
    (pa.types.is_uint64, pa.decimal128(20, 0), _plain, None),
    (pa.types.is_integer, pa.int64(), _plain, None),
    (pa.types.is_floating, pa.float64(), _numbers, None),
    (pa.types.is_date, pa.date32(), _dates, None),
    (pa.types.is_string, pa.string(), _text, None),
    (pa.types.is_large_string, pa.string(), _text, None),
    (pa.types.is_string_view, pa.string(), _text, None),
    (pa.types.is_time, pa.string(), _clocks, "a time of day is delivered as text"),
    (pa.types.is_duration, pa.string(), _durations, "a duration is delivered as text (ISO 8601)"),
    (pa.types.is_null, pa.string(), _plain, None),
)
