"""Columns as text, with Arrow's kernels: the one place that says how a value is written.

Dates are ISO 8601, instants RFC 3339 in UTC (a fraction only when there is one, then of six digits), decimals keep
their digits (in JSON as text, since a reader's number would not), doubles are the shortest digits that give them
back. A loop over rows in Python would be five to ten times slower.
"""

from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

# What JSON must escape (RFC 8259 section 7); DEL and beyond may stand as they are.
_ESCAPED: Final = '["\\\\\\x00-\\x1f]'


def as_text(column: Any) -> Any:
    """The texts of a column, missing values missing."""
    if not pa.types.is_timestamp(column.type):
        return pc.cast(column, pa.string())
    # Without its zone, which is UTC: looking a zone up for each value is twenty times slower.
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
    """Whether JSON writes values of a type between quotes."""
    return pa.types.is_string(kind) or pa.types.is_decimal(kind) or pa.types.is_temporal(kind)


def inside_quotes(column: Any) -> Any:
    """What stands between the quotes, or where none are needed, the text."""
    return _escaped(column) if pa.types.is_string(column.type) else as_text(column)


def _escaped(column: Any) -> Any:
    """Text with JSON's escapes; most columns need none, and few cells of the others."""
    needs: Any = pc.match_substring_regex(column, _ESCAPED)
    needs = needs.fill_null(False)
    if not pc.any(needs).as_py():
        return column
    escaped = [orjson.dumps(value).decode()[1:-1] for value in column.filter(needs).to_pylist()]
    return pc.replace_with_mask(column, needs, pa.array(escaped, pa.string()))
