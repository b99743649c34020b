"""DuckDB's SQL for conditions and masks over a table whose columns are called c0, c1, ….

Strings compare by their UTF-8 bytes, which is code point order. A decimal column compares at its own scale; the constant
is rounded to the side that keeps the comparison exact.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any, Final

import pyarrow as pa

from adapters.plan.condition import Comparison
from adapters.plan.dialect import Parameters
from adapters.plan.masks import FieldType
from adapters.plan.plan import Field

_SQL_TYPES: Final[dict[FieldType, str]] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_OPERATORS: Final = {"eq": "=", "ne": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_EXACT: Final = Context(prec=100)
_MAX_DIGITS: Final = 38


class DuckDialect:
    """See Dialect. `fields[n]` is the column `c{n}`, of the Arrow type `types[n]`."""

    def __init__(self, fields: Sequence[Field], types: Sequence[pa.DataType]) -> None:
        self._columns: Mapping[str, str] = {field.name: f"c{index}" for index, field in enumerate(fields)}
        self._types: Mapping[str, FieldType] = {field.name: field.type for field in fields}
        self._scales = {
            field.name: kind.scale for field, kind in zip(fields, types, strict=True) if pa.types.is_decimal(kind)
        }

    def value(self, name: str) -> str:
        """The field's value in its type."""
        return self._columns[name]

    def sql_type(self, name: str) -> str:
        """The SQL type of a key's column; no key has a decimal."""
        return _SQL_TYPES[self._types[name]]

    def text(self, name: str) -> str:
        """The field's text form."""
        column = self._columns[name]
        match self._types[name]:
            case "string":
                return column
            case "date":
                return f"strftime({column}, '%Y-%m-%d')"
            case "timestamp":
                micros = (
                    f"CASE WHEN date_trunc('second', {column}) = {column} THEN '' ELSE strftime({column}, '.%f') END"
                )
                return f"strftime({column}, '%Y-%m-%dT%H:%M:%S') || {micros} || 'Z'"
            case _:
                return f"CAST({column} AS VARCHAR)"

    def hmac(self, text: str, inner: str, outer: str) -> str:
        """HMAC of a text; see Dialect."""
        return f"sha256(CAST({outer} AS BLOB) || unhex(sha256(CAST({inner} AS BLOB) || encode({text}))))"

    def year(self, name: str) -> str:
        """The year in UTC."""
        return f"CAST(year({self._columns[name]}) AS BIGINT)"

    def month(self, name: str) -> str:
        """Year and month in UTC."""
        return f"strftime({self._columns[name]}, '%Y-%m')"

    def wide(self, name: str) -> str:
        """The integer as a HUGEINT."""
        return f"CAST({self._columns[name]} AS HUGEINT)"

    def null(self, name: str) -> str:
        """A typed NULL."""
        return f"CASE WHEN FALSE THEN {self._columns[name]} END"

    def compare(self, comparison: Comparison, parameters: Parameters) -> str:
        """One comparison; see Dialect."""
        name, op, value = comparison.field, comparison.op, comparison.value
        column = self._columns[name]
        match op:
            case "is_null":
                return f"{column} IS {'' if value else 'NOT '}NULL"
            case "prefix":
                return f"starts_with({column}, CAST({parameters.bind(value)} AS VARCHAR))"
            case "in" | "not_in":
                bound = [sql for item in value if (sql := self._bind(name, item, parameters))]
                sql = f"{column} IN ({', '.join(bound)})" if bound else "FALSE"
            case "eq" | "ne":
                constant = self._bind(name, value, parameters)
                sql = f"{column} = {constant}" if constant else "FALSE"
            case _:
                operator = _OPERATORS[op]
                if name in self._scales:
                    operator, value = _at_scale(op, value, self._scales[name])
                sql = f"{column} {operator} {self._bind(name, value, parameters)}"
        return f"({sql}) IS NOT TRUE" if op in ("ne", "not_in") else sql

    def _bind(self, name: str, value: Any, parameters: Parameters) -> str | None:
        """Bind a constant and cast its placeholder. None for a decimal that no value equals at the column's scale."""
        kind = self._types[name]
        if kind == "decimal":
            scale = self._scales[name]
            if value != _round(value, scale, ROUND_FLOOR) or abs(value) > _largest(scale):
                return None
            return f"CAST({parameters.bind(_round(value, scale, ROUND_FLOOR))} AS DECIMAL({_MAX_DIGITS}, {scale}))"
        if isinstance(value, datetime):
            value = value.replace(tzinfo=None)
        return f"CAST({parameters.bind(value)} AS {_SQL_TYPES[kind]})"


def _at_scale(op: str, value: Decimal, scale: int) -> tuple[str, Decimal]:
    """An equivalent comparison with a constant of `scale` digits after the point."""
    largest = _largest(scale)
    if op in ("lt", "gte"):
        rounded, operator = _round(value, scale, ROUND_CEILING), _OPERATORS[op]
    else:
        rounded, operator = _round(value, scale, ROUND_FLOOR), _OPERATORS[op]
    if rounded > largest:
        return ("<=" if op in ("lt", "lte") else ">"), largest
    if rounded < -largest:
        return ("<" if op in ("lt", "lte") else ">="), -largest
    return operator, rounded


def _round(value: Decimal, scale: int, rounding: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-scale), rounding=rounding, context=_EXACT)


def _largest(scale: int) -> Decimal:
    return Decimal((0, (9,) * _MAX_DIGITS, -scale))
