"""Columns as text, with Arrow's kernels: defines the text of a value in every format.

Dates are ISO 8601; instants are RFC 3339 in UTC, with a fraction of six digits unless it is zero; decimals keep their
digits (as text in JSON, since numbers of most readers lose digits); doubles have the fewest digits that round-trip. A
loop over rows in Python would be five to ten times slower.
"""

from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

# The characters that JSON must escape (RFC 8259 section 7); DEL and beyond need no escape.
_ESCAPED: Final = '["\\\\\\x00-\\x1f]'


def as_text(column: Any) -> Any:
    """The texts of a column; missing values stay missing."""
    if not pa.types.is_timestamp(column.type):
        return pc.cast(column, pa.string())
    # Cast without the zone, which is UTC: a zone lookup for each value is twenty times slower.
    text: Any = pc.replace_substring(pc.cast(column.cast(pa.timestamp("us")), pa.string()), " ", "T")
    return pc.binary_join_element_wise(pc.replace_substring(text, ".000000", ""), pa.scalar("Z"), "")


def as_json(column: Any) -> Any:
    """A column as JSON texts."""
    if pa.types.is_null(column.type):
        return pa.repeat("null", len(column))
    text = inside_quotes(column)
    if is_quoted(column.type):
        text = pc.binary_join_element_wise(pa.scalar('"'), text, pa.scalar('"'), "")
    return pc.fill_null(text, "null") if column.null_count else text


def is_quoted(kind: pa.DataType) -> bool:
    """Whether JSON puts values of a type in quotes."""
    return pa.types.is_string(kind) or pa.types.is_decimal(kind) or pa.types.is_temporal(kind)


def inside_quotes(column: Any) -> Any:
    """The text within the quotes, or the whole text of a type without quotes."""
    return _escaped(column) if pa.types.is_string(column.type) else as_text(column)


def _escaped(column: Any) -> Any:
    """Text with JSON's escapes. Most columns need none, and others in few cells."""
    needs: Any = pc.match_substring_regex(column, _ESCAPED)
    needs = needs.fill_null(False)
    if not pc.any(needs).as_py():
        return column
    escaped = [orjson.dumps(value).decode()[1:-1] for value in column.filter(needs).to_pylist()]
    return pc.replace_with_mask(column, needs, pa.array(escaped, pa.string()))
