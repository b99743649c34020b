"""PostgreSQL columns as fields: which types are delivered, as what, and their SQL.

A value keeps its meaning and has the same text form as in every other source. So `real` is converted through text (else
0.1 would become 0.10000000149), `character(n)` loses its padding, NaN, infinities and dates outside the years 1 to 9999
are missing values, and a timestamp without time zone is an instant in the zone that the owner states.
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
# Delivered as their text in PostgreSQL.
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
    """A column of the catalogue and its field.

    `udt` is the name of its base type, `declared` that type as `format_type` writes it, `zone` the time zone of a
    `timestamp` without one. `stated` is the type as the table states it: a domain by its name.
    """

    name: str
    type: FieldType
    udt: str
    declared: str
    is_nullable: bool
    arrow: pa.DataType
    zone: str = "UTC"
    stated: str = ""

    @property
    def raw(self) -> str:
        """The bare column of the relation `t`; conditions on it can use an index."""
        return f"t.{identifier(self.name)}"

    @property
    def presence(self) -> str | None:
        """A condition that is true for values that can be delivered; None if all can."""
        match self.udt:
            case "float4" | "float8" | "numeric":
                return f"{self.raw} - {self.raw} = 0"
            case "date":
                return f"{self.raw} BETWEEN '0001-01-01' AND '9999-12-31'"
            case "timestamp" | "timestamptz":
                # One day less at both ends: no time zone leads beyond the years 1 to 9999.
                return f"{self.raw} BETWEEN '0001-01-02' AND '9999-12-30'"
        return None

    @property
    def value(self) -> str:
        """The value in the field's type; NULL where it cannot be delivered."""
        match self.udt:
            case "float4":
                value = f"CAST(CAST({self.raw} AS text) AS double precision)"
            case "money":
                value = f"CAST({self.raw} AS numeric)"
            case "inet":
                value = f"abbrev({self.raw})"  # a cast would add the mask of a single address
            case "timestamp":
                value = f"({self.raw} AT TIME ZONE {literal(self.zone)})"
            case _ if self.type == "string" and self.udt not in ("text", "varchar"):
                value = f"CAST({self.raw} AS text)"
            case _:
                value = self.raw
        return f"CASE WHEN {self.presence} THEN {value} END" if self.presence else value

    @property
    def text(self) -> str:
        """The text form, which is the same in every source."""
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
    def is_wide(self) -> bool:
        """Whether a value can have a megabyte and more."""
        return self.type == "string" and not re.fullmatch(
            r"character( varying)?\(\d{1,4}\)|uuid|inet|\"char\"|name", self.declared
        )

    @property
    def is_text_in_arrow(self) -> bool:
        """Whether its decimals have no declared scale, for which Arrow has no type."""
        return self.type == "decimal" and self.arrow == ARROW_TYPES["decimal"]

    def bindable(self, value: Any, op: str) -> Any:
        """The value to bind for a constant.

        No UUID equals a text that is none: NULL has this effect without an error. Dates are bound as text: the driver would
        send Python's first and last date as infinities.
        """
        if isinstance(value, list):
            return [self.bindable(item, op) for item in value]
        if self.type == "date":
            return value.isoformat()
        return None if self.udt == "uuid" and op in ("eq", "ne") and not _is_uuid(value) else value


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


class PgDialect:
    """PostgreSQL's SQL (version 14 and later; built-in functions only). See Dialect."""

    def __init__(self, columns: Mapping[str, PgColumn]) -> None:
        self.columns = columns

    def value(self, name: str) -> str:
        """The field's value in its type."""
        return self.columns[name].value

    def text(self, name: str) -> str:
        """The field's text form."""
        return self.columns[name].text

    def hmac(self, text: str, inner: str, outer: str) -> str:
        """HMAC of a text. See Dialect."""
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
        """One comparison. See Dialect."""
        column, op, value = self.columns[comparison.field], comparison.op, comparison.value
        match op:
            case "is_null":
                return f"{column.value} IS {'' if value else 'NOT '}NULL"
            case "prefix":
                return f"starts_with({column.value}, CAST({parameters.bind(value)} AS text))"
            case "in" | "not_in":
                sql = _compare_list(column, value, parameters)
            case _:
                sql = _compare(column, _OPERATORS[op], value, parameters)
        return f"({sql}) IS NOT TRUE" if op in ("ne", "not_in") else sql


def _compare(column: PgColumn, operator: str, value: Any, parameters: Parameters) -> str:
    """Compare the bare column with a cast parameter wherever an index can answer that."""
    raw, bound = column.raw, f"CAST({_bind(column, value, parameters)} AS {_SQL_TYPES[column.type]})"
    is_equality = operator == "="
    match column.udt:
        case "float4":
            return f"{column.value} {operator} {bound}"
        case "timestamp":
            bound = f"({bound} AT TIME ZONE {literal(column.zone)})"
        case "uuid" if is_equality:
            return f"{raw} = CAST({bound} AS uuid)"
        case "bpchar" if is_equality:
            # The index needs bpchar; the comparison as text is added, since "a" and "a " are equal as bpchar.
            return f"({raw} = CAST({bound} AS bpchar) AND {column.value} = {bound})"
    if column.type == "string":
        # Code point order, as in every source, whatever the database's collation.
        return f"{column.value} {operator} {bound}" + ("" if is_equality else ' COLLATE "C"')
    compared = f"{raw if column.udt != 'money' else column.value} {operator} {bound}"
    return f"({compared} AND {column.presence})" if column.presence else compared


def _bind(column: PgColumn, value: Any, parameters: Parameters) -> str:
    bound = parameters.bind(value)
    return f"CAST({bound} AS text{'[]' * isinstance(value, list)})" if column.type == "date" else bound


def _compare_list(column: PgColumn, values: tuple[Any, ...], parameters: Parameters) -> str:
    bound = f"CAST({_bind(column, list(values), parameters)} AS {_SQL_TYPES[column.type]}[])"
    return f"{column.value} = ANY({bound})"


def literal(text: str) -> str:
    """Quote a text."""
    return "'" + text.replace("'", "''") + "'"


def field_type(udt: str, typtype: str, category: str) -> FieldType | None:
    """The field type of a PostgreSQL type; None if it cannot be delivered."""
    if udt in _TYPES:
        return _TYPES[udt]
    is_text = udt in _AS_TEXT or typtype in ("e", "r", "m") or category == "A"
    return "string" if is_text else None


def arrow_type(kind: FieldType, declared: str) -> pa.DataType:
    """The Arrow type of a column. `numeric(p,s)` keeps its scale; `numeric` without one is text."""
    match = re.fullmatch(r"numeric\((\d+),(\d+)\)", declared)
    if match and int(match[2]) <= int(match[1]) <= _MAX_PRECISION:
        return pa.decimal128(int(match[1]), int(match[2]))
    return ARROW_TYPES[kind]
