"""The written forms of numbers, dates and truth values, and how each is converted.

A shape is a regular expression for trimmed cells, and a conversion of Arrow arrays of cells that match it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import ARROW_TYPES
from adapters.plan.masks import FieldType

_MONTH: Final = "(?:0?[1-9]|1[0-2])"
_DAY: Final = "(?:0?[1-9]|[12][0-9]|3[01])"
_YEAR: Final = "(?:[12][0-9]{3}|9999)"
"""A year, or the one that states "without an end"."""
_DATE: Final = f"{_YEAR}(?:-{_MONTH}-{_DAY}|/{_MONTH}/{_DAY}|\\.{_MONTH}\\.{_DAY}|年{_MONTH}月{_DAY}日)"
_CLOCK: Final = "[ T]*(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,9})?)?"
_ZONE: Final = "(?:Z|[+-][0-9]{2}:?[0-9]{2})"
_UTC: Final = pa.timestamp("us", "UTC")
_YEAR_10000: Final = 253_402_300_800 * 1_000_000  # microseconds since the epoch
# Traits of some cells of a column, beside its shape.
WITHOUT_ZONE: Final = f"^{_DATE}(?:{_CLOCK})?$"
FINER_THAN_MICROSECONDS: Final = "\\.[0-9]{6}[0-9]*[1-9]"
HAS_FRACTION: Final = "\\."
GROUPS_THOUSANDS: Final = "\\.|,[0-9]{3},"  # the commas of a number that has these are no decimal commas


DECIMAL_DIGITS: Final = 38  # of Arrow's decimal128
CENTS: Final = 2
FINEST: Final = 18  # digits after the point of any decimal of a text file


@dataclass(frozen=True, slots=True)
class Shape:
    """A written form.

    `convert` takes matching text, with missing values, and the time zone of times without one. It may raise
    pa.ArrowInvalid.
    """

    type: FieldType
    pattern: str
    convert: Callable[[Any, str], Any]
    scale: int = 0
    """The digits after the point of a decimal."""

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of the converted cells."""
        return pa.decimal128(DECIMAL_DIGITS, self.scale) if self.type == "decimal" else ARROW_TYPES[self.type]


def _cast(column: Any, kind: pa.DataType) -> Any:
    """Convert cells that have the form that Arrow reads, in one step; None for others."""
    try:
        return pc.cast(column, kind)
    except pa.ArrowInvalid:
        return None


def _integer(column: Any, _zone: str) -> Any:
    if (plain := _cast(column, pa.int64())) is not None:
        return plain
    return pc.cast(pc.replace_substring_regex(column, "^\\+|,|\\.0*$", ""), pa.int64())


def _number(column: Any, _zone: str) -> Any:
    if (plain := _cast(column, pa.float64())) is not None:
        return plain
    return pc.cast(pc.replace_substring_regex(column, "^\\+|,", ""), pa.float64())


def exact(scale: int) -> Shape:
    """Decimals with at most `scale` digits after the point, exactly as they are written."""
    kind = pa.decimal128(DECIMAL_DIGITS, scale)

    def to_decimal(column: Any, _zone: str) -> Any:
        if (plain := _cast(column, kind)) is not None:
            return plain
        return pc.cast(pc.replace_substring_regex(column, "^\\+|,", ""), kind)

    whole = f"(?:0|[1-9][0-9]{{0,{DECIMAL_DIGITS - scale - 1}}}|[1-9][0-9]{{0,2}}(?:,[0-9]{{3}}){{1,7}})"
    return Shape("decimal", f"[+-]?{whole}(?:\\.[0-9]{{1,{scale}}})?", to_decimal, scale)


def _boolean(column: Any, _zone: str) -> Any:
    return pc.equal(pc.utf8_lower(column), pa.scalar("true"))


def _yes_no(column: Any, _zone: str) -> Any:
    is_yes = pc.is_in(pc.utf8_lower(column), pa.array(["true", "yes", "y", "1", "是"]))
    return pc.if_else(pc.is_null(column), None, is_yes)


def _iso_dates(column: Any) -> Any:
    """Rewrite dates of any form as YYYY-MM-DD; text after the date stays."""
    column = pc.replace_substring_regex(column, "^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", "\\1-\\2-\\3")
    column = pc.replace_substring_regex(column, "^([0-9]{4})-([0-9])-", "\\1-0\\2-")
    return pc.replace_substring_regex(column, "^([0-9]{4}-[0-9]{2})-([0-9])($|[^0-9])", "\\1-0\\2\\3")


def _date(column: Any, _zone: str) -> Any:
    if (plain := _cast(column, pa.date32())) is not None:
        return plain
    return pc.cast(_iso_dates(column), pa.date32())


def _compact_date(column: Any, _zone: str) -> Any:
    dashed = pc.replace_substring_regex(column, "^([0-9]{4})([0-9]{2})([0-9]{2})$", "\\1-\\2-\\3")
    return pc.cast(dashed, pa.date32())


def serial_shapes(day_zero: date) -> dict[FieldType | None, Shape]:
    """Dates and times as numbers of days since the date of number 0: how a workbook keeps them."""
    epoch = day_zero.toordinal() - date(1970, 1, 1).toordinal()

    def to_date(column: Any, _zone: str) -> Any:
        days = pc.cast(pc.replace_substring_regex(column, "\\..*$", ""), pa.int32())
        return pc.cast(pc.add(days, pa.scalar(epoch, pa.int32())), pa.date32())

    def to_time(column: Any, zone: str) -> Any:
        seconds = pc.round(pc.multiply(pc.add(pc.cast(column, pa.float64()), float(epoch)), 86_400.0), 3)
        moments = pc.cast(pc.cast(pc.multiply(seconds, 1e6), pa.int64()), pa.timestamp("us"))
        return _instants(moments, zone)

    number = "(?:6[1-9]|[7-9][0-9]|[1-9][0-9]{2,4})"  # Excel's calendar is wrong before 1 March 1900, day 61
    return {
        "date": Shape("date", f"{number}(?:\\.0*)?", to_date),
        "timestamp": Shape("timestamp", f"{number}(?:\\.[0-9]*)?", to_time),
    }


def _day_first(column: Any, _zone: str) -> Any:
    return _reordered(column, "\\3-\\2-\\1")


def _month_first(column: Any, _zone: str) -> Any:
    return _reordered(column, "\\3-\\1-\\2")


def _reordered(column: Any, order: str) -> Any:
    return _date(pc.replace_substring_regex(column, "^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$", order), "")


def _timestamp(column: Any, zone: str) -> Any:
    """Instants. A time without an offset is in `zone`, a date alone is its midnight.

    Raises pa.ArrowInvalid where an instant is in the year 10000 by UTC, which most programs cannot read.
    """
    plain = _cast(column, pa.timestamp("us"))
    instants = _timestamp_of_any_shape(column, zone) if plain is None else _instants(plain, zone)
    last: Any = pc.max(instants)
    if last.is_valid and last.value >= _YEAR_10000:
        raise pa.ArrowInvalid("a time is in the year 10000 by UTC")
    return instants


def _instants(local: Any, zone: str) -> Any:
    if zone == "UTC":
        return local.cast(_UTC)
    instants: Any = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="earliest")
    return pc.cast(instants, _UTC)


def _timestamp_of_any_shape(column: Any, zone: str) -> Any:
    text = _iso_dates(column)
    text = pc.replace_substring_regex(text, "^([0-9-]{10})[ T]*", "\\1 ")
    text = pc.replace_substring_regex(text, "^([0-9-]{10}) ([0-9]):", "\\1 0\\2:")
    text = pc.replace_substring_regex(text, "^([0-9-]{10}) $", "\\1 00:00")
    text = pc.replace_substring_regex(text, "(\\.[0-9]{6})[0-9]+", "\\1")
    text = pc.replace_substring_regex(text, "([+-][0-9]{2})([0-9]{2})$", "\\1:\\2")
    is_zoned = pc.match_substring_regex(text, f":[0-9.]+{_ZONE}$")
    zoned = pc.cast(pc.if_else(is_zoned, text, None), _UTC)
    local: Any = pc.cast(pc.if_else(is_zoned, None, text), pa.timestamp("us"))
    return pc.if_else(is_zoned, zoned, _instants(local, zone))


_INEXACT_DIGITS: Final = 16
_DIGITS: Final = "(?:0|[1-9][0-9]{0,14})"
_FEW_DIGITS: Final = "(?:0|[1-9][0-9]{0,5})"
# A long number with a plus sign is a telephone number (E.164).
_WHOLE: Final = f"(?:-?{_DIGITS}|\\+{_FEW_DIGITS})"
_MONTH_DAY: Final = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
SHAPES: Final[dict[str, Shape]] = {
    "boolean": Shape("boolean", "(?i:true|false)", _boolean),
    "yes_no": Shape("boolean", "(?i:true|false|yes|no|y|n|1|0|是|否)", _yes_no),
    "digits": Shape("string", "[0-9]+", lambda column, _zone: column),
    "mobile": Shape("string", "1[3-9][0-9]{9}", lambda column, _zone: column),
    "identity": Shape("string", f"[1-9][0-9]{{7}}{_MONTH_DAY}[0-9]{{3}}", lambda column, _zone: column),  # the old form
    "integer": Shape("integer", _WHOLE, _integer),
    "grouped": Shape("number", "[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3}){0,4}|0)(?:\\.[0-9]{1,6})?", _number),
    "number": Shape("number", f"(?:{_WHOLE}(?:\\.[0-9]*)?|[+-]?\\.[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?", _number),
    "decimal": Shape("string", "[+-]?[0-9,]*\\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?", lambda column, _zone: column),
    "money": exact(CENTS),
    "fine": exact(FINEST),
    # 1E5 alone in a column is a code; a number in this form has a point or a sign somewhere.
    "letter_e": Shape("string", "[0-9]+[eE][0-9]+", lambda column, _zone: column),
    "decimal_comma": Shape("string", "-?[0-9]{1,3}(?:[.]?[0-9]{3})*(?:,[0-9]+)?", lambda column, _zone: column),
    "dotted_groups": Shape("string", "-?[1-9][0-9]{0,2}(?:\\.[0-9]{3})?", lambda column, _zone: column),
    "serial_like": Shape("string", "[1-7][0-9]{4}(?:\\.[0-9]+)?", lambda column, _zone: column),  # days, 1927 to 2119
    "compact": Shape("date", f"(?:(?:19|20)[0-9]{{2}}|9999){_MONTH_DAY}", _compact_date),
    "date": Shape("date", _DATE, _date),
    "day_first": Shape("date", f"{_DAY}[-/.]{_MONTH}[-/.](?:19|20)[0-9]{{2}}", _day_first),
    "month_first": Shape("date", f"{_MONTH}[-/.]{_DAY}[-/.](?:19|20)[0-9]{{2}}", _month_first),
    "midnight": Shape("date", f"{_DATE}[ T]0?0:00(?::00(?:\\.0+)?)?", lambda column, _zone: _midnight(column)),
    "timestamp": Shape("timestamp", f"{_DATE}(?:{_CLOCK}{_ZONE}?)?", _timestamp),
}


def _midnight(column: Any) -> Any:
    return _date(pc.replace_substring_regex(column, "[ T]0?0:00.*$", ""), "")


def matches(shape: Shape, column: Any, is_inexact: Any = None) -> Any:
    """Mark the cells that have the shape, in a boolean array.

    A date must also exist in the calendar, and a number not be one of those that `find_inexact` marks.
    """
    is_match = pc.match_substring_regex(column, f"^(?:{shape.pattern})$")
    if shape.type == "number":
        return is_match if is_inexact is None else pc.and_(is_match, pc.invert(is_inexact))
    if shape.type not in ("date", "timestamp") or not pc.any(is_match).as_py():
        return is_match
    try:
        shape.convert(pc.if_else(is_match, column, None), "UTC")
    except pa.ArrowInvalid:
        return pc.and_(is_match, pa.array([_is_readable(shape, cell) for cell in column.to_pylist()]))
    return is_match


def find_inexact(column: Any) -> Any:
    """Mark the numbers that have digits which a double does not keep, in a boolean array; None if there are none."""
    if not _may_be_inexact(column):
        return None
    is_long = pc.match_substring_regex(column, "^[+-]?[0-9,.]*(?:[0-9][.,]?){16}|^[+-]?[0-9,.]+[eE][+-]?[0-9]{3}")
    if not pc.any(is_long).as_py():
        return None
    cells = column.filter(is_long)
    plain = _cast(cells, pa.float64())
    if plain is not None:  # most are written as a double is
        is_other = pc.not_equal(pc.cast(plain, pa.string()), cells)
        is_long, cells = pc.replace_with_mask(is_long, is_long, is_other), cells.filter(is_other)
    is_inexact = [cell is not None and not _is_exact(cell) for cell in cells.to_pylist()]
    return pc.replace_with_mask(is_long, is_long, pa.array(is_inexact, pa.bool_())) if any(is_inexact) else None


def _may_be_inexact(column: Any) -> bool:
    """Whether a cell has sixteen bytes or an exponent: all others have too few digits."""
    longest = pc.max(pc.binary_length(column)).as_py() or 0
    return longest >= _INEXACT_DIGITS or any(_any_contains(column, letter) for letter in "eE")


def _any_contains(column: Any, letter: str) -> bool:
    return bool(pc.any(pc.match_substring(column, letter)).as_py())


def _is_exact(cell: str) -> bool:
    plain = cell.replace(",", "")
    try:
        value = float(plain)
        return repr(value) == plain or Decimal(plain) == Decimal(repr(value))
    except (InvalidOperation, ValueError):
        return True  # no number


def _is_readable(shape: Shape, cell: str | None) -> bool:
    try:
        shape.convert(pa.array([cell], pa.string()), "UTC")
    except pa.ArrowInvalid:
        return False
    return True
