"""PostgreSQL columns as fields: which types are delivered, as what, and how each is written in SQL.

The rule: a value keeps its meaning and has the same text form as from any other source. So `real` goes through its
text (else 0.1 would come out as 0.10000000149), `character(n)` loses its padding, NaN, infinities and dates outside
the years 1 to 9999 count as missing, a timestamp without time zone becomes an instant in the zone the owner names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from adapters.contract import ARROW_TYPES
from adapters.plan.condition import Comparison
from adapters.plan.dialect import Parameters, identifier
from adapters.plan.masks import FieldType

_TYPES: Final[dict[str, FieldType]] = {
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "float4": "number",
    "float8": "number",
    "numeric": "decimal",
    "money": "decimal",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "text": "string",
    "varchar": "string",
    "bpchar": "string",
    "name": "string",
    "uuid": "string",
}
# Delivered as PostgreSQL's own text of them.
_AS_TEXT: Final = frozenset(
    "json jsonb xml inet cidr macaddr macaddr8 time timetz interval citext bit varbit ltree char".split()  # noqa: SIM905
)
_SQL_TYPES: Final[dict[FieldType, str]] = {
    "string": "text",
    "integer": "bigint",
    "decimal": "numeric",
    "number": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
}
_OPERATORS: Final = {"eq": "=", "ne": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_MAX_PRECISION: Final = 38


@dataclass(frozen=True, slots=True)
class PgColumn:
    """A column as the catalogue shows it, and the field it becomes.

    `udt` is the name of its (base) type, `declared` that type as `format_type` writes it, `zone` the time zone in
    which a `timestamp` without one is read.
    """

    name: str
    type: FieldType
    udt: str
    declared: str
    is_nullable: bool
    arrow: pa.DataType
    zone: str = "UTC"

    @property
    def raw(self) -> str:
        """The bare column, which an index may cover, of the relation called `t`."""
        return f"t.{identifier(self.name)}"

    @property
    def presence(self) -> str | None:
        """A test that is true where the column holds a value that can be delivered; None where any does."""
        match self.udt:
            case "float4" | "float8" | "numeric":
                return f"{self.raw} - {self.raw} = 0"
            case "date":
                return f"{self.raw} BETWEEN '0001-01-01' AND '9999-12-31'"
            case "timestamp" | "timestamptz":
                # A day less at both ends, so that no time zone leads out of them.
                return f"{self.raw} BETWEEN '0001-01-02' AND '9999-12-30'"
        return None

    @property
    def value(self) -> str:
        """The value in the field's type."""
        match self.udt:
            case "float4":
                value = f"CAST(CAST({self.raw} AS text) AS double precision)"
            case "money":
                value = f"CAST({self.raw} AS numeric)"
            case "timestamp":
                value = f"({self.raw} AT TIME ZONE {_literal(self.zone)})"
            case _ if self.type == "string" and self.udt not in ("text", "varchar"):
                value = f"CAST({self.raw} AS text)"
            case _:
                value = self.raw
        return f"CASE WHEN {self.presence} THEN {value} END" if self.presence else value

    @property
    def text(self) -> str:
        """The text form, the same in every source."""
        match self.type:
            case "date":
                return f"to_char({self.value}, 'YYYY-MM-DD')"
            case "timestamp":
                moment = f"({self.value} AT TIME ZONE 'UTC')"
                micros = (
                    f"CASE WHEN date_trunc('second', {moment}) = {moment} THEN '' ELSE to_char({moment}, '.US') END"
                )
                return f"""to_char({moment}, 'YYYY-MM-DD"T"HH24:MI:SS') || {micros} || 'Z'"""
            case "string":
                return self.value
            case _:
                return f"CAST({self.value} AS text)"

    @property
    def is_text_in_arrow(self) -> bool:
        """Whether its decimals have no declared scale, so that Arrow has no type for them."""
        return self.type == "decimal" and self.arrow == ARROW_TYPES["decimal"]

    def bindable(self, value: Any, op: str) -> Any:
        """What to bind for a constant.

        Nothing can equal a text that is no UUID, and NULL says so without an error. Dates travel as text: the driver
        takes the first and the last one of Python's for infinities.
        """
        if isinstance(value, list):
            return [self.bindable(one, op) for one in value]
        if self.type == "date":
            return value.isoformat()
        return None if self.udt == "uuid" and op in ("eq", "ne") and not _is_uuid(value) else value


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


class PgDialect:
    """PostgreSQL's spelling (14 and later; built-in functions only)."""

    def __init__(self, columns: Mapping[str, PgColumn]) -> None:
        self.columns = columns

    def value(self, name: str) -> str:
        """The field's value in its type."""
        return self.columns[name].value

    def text(self, name: str) -> str:
        """The field's text form."""
        return self.columns[name].text

    def hmac(self, text: str, inner: str, outer: str) -> str:
        """HMAC of a text; see Dialect."""
        message = f"convert_to({text}, 'UTF8')"
        return f"encode(sha256(CAST({outer} AS bytea) || sha256(CAST({inner} AS bytea) || {message})), 'hex')"

    def year(self, name: str) -> str:
        """The year in UTC."""
        return f"CAST(extract(year FROM {self._moment(name)}) AS bigint)"

    def month(self, name: str) -> str:
        """Year and month in UTC."""
        return f"to_char({self._moment(name)}, 'YYYY-MM')"

    def wide(self, name: str) -> str:
        """The integer as numeric."""
        return f"CAST({self.columns[name].raw} AS numeric)"

    def null(self, name: str) -> str:
        """A typed NULL."""
        return f"CAST(NULL AS {_SQL_TYPES[self.columns[name].type]})"

    def _moment(self, name: str) -> str:
        column = self.columns[name]
        return f"({column.value} AT TIME ZONE 'UTC')" if column.type == "timestamp" else column.value

    def compare(self, comparison: Comparison, parameters: Parameters) -> str:
        """One comparison; see Dialect."""
        column, op, value = self.columns[comparison.field], comparison.op, comparison.value
        match op:
            case "is_null":
                return f"{column.value} IS {'' if value else 'NOT '}NULL"
            case "prefix":
                return f"starts_with({column.value}, CAST({parameters.bind(value)} AS text))"
            case "in" | "not_in":
                sql = _is_one_of(column, value, parameters)
            case _:
                sql = _compared(column, _OPERATORS[op], value, parameters)
        return f"({sql}) IS NOT TRUE" if op in ("ne", "not_in") else sql


def _compared(column: PgColumn, operator: str, value: Any, parameters: Parameters) -> str:
    """The bare column beside a cast parameter wherever the two types share an index's operator family."""
    raw, bound = column.raw, f"CAST({_parameter(column, value, parameters)} AS {_SQL_TYPES[column.type]})"
    is_equality = operator == "="
    match column.udt:
        case "float4":
            return f"{column.value} {operator} {bound}"
        case "timestamp":
            bound = f"({bound} AT TIME ZONE {_literal(column.zone)})"
        case "uuid" if is_equality:
            return f"{raw} = CAST({bound} AS uuid)"
        case "bpchar" if is_equality:
            # As bpchar for the index, as text because the padded type takes "a" and "a " for equal.
            return f"({raw} = CAST({bound} AS bpchar) AND {column.value} = {bound})"
    if column.type == "string":
        # Code point order, as everywhere else, whatever the database's collation.
        return f"{column.value} {operator} {bound}" + ("" if is_equality else ' COLLATE "C"')
    compared = f"{raw if column.udt != 'money' else column.value} {operator} {bound}"
    return f"({compared} AND {column.presence})" if column.presence else compared


def _parameter(column: PgColumn, value: Any, parameters: Parameters) -> str:
    bound = parameters.bind(value)
    return f"CAST({bound} AS text{'[]' * isinstance(value, list)})" if column.type == "date" else bound


def _is_one_of(column: PgColumn, values: tuple[Any, ...], parameters: Parameters) -> str:
    bound = f"CAST({_parameter(column, list(values), parameters)} AS {_SQL_TYPES[column.type]}[])"
    return f"{column.value} = ANY({bound})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def field_type(udt: str, typtype: str, category: str) -> FieldType | None:
    """The field type of a PostgreSQL type; None when it cannot be delivered."""
    if udt in _TYPES:
        return _TYPES[udt]
    is_text = udt in _AS_TEXT or typtype in ("e", "r", "m") or category == "A"
    return "string" if is_text else None


def arrow_type(kind: FieldType, declared: str) -> pa.DataType:
    """The Arrow type of a column; `numeric(p,s)` keeps its scale, `numeric` without one travels as text."""
    match = re.fullmatch(r"numeric\((\d+),(\d+)\)", declared)
    if match and int(match[2]) <= int(match[1]) <= _MAX_PRECISION:
        return pa.decimal128(int(match[1]), int(match[2]))
    return ARROW_TYPES[kind]
