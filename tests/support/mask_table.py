"""The table of masks in docs/terms.md: JSON, the types that each mask fits, its result, and examples run through DuckDB."""

import inspect
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, get_args

import duckdb

from adapters.contract import ARROW_TYPES
from adapters.duckdb.dialect import DuckDialect
from adapters.plan.condition import PlanError
from adapters.plan.dialect import Parameters, column_sql
from adapters.plan.masks import KINDS, FieldType, Mask, mask_from_json, mask_type
from adapters.plan.plan import Field

_KEY: Final = bytes(32)
_SHOWN: Final = 16
_EXAMPLES: Final[Mapping[str, tuple[dict[str, Any], FieldType, tuple[Any, ...]]]] = {
    "hash": ({}, "string", ("330106199003071234",)),
    "partial": ({"keep_start": 3, "keep_end": 4}, "string", ("13800138000", "张三丰")),
    "prefix": ({"length": 6}, "string", ("330106199003071234",)),
    "year": ({}, "date", (date(1990, 3, 7),)),
    "month": ({}, "timestamp", (datetime.fromisoformat("2026-01-01T07:30:00+08:00"),)),
    "bucket": ({"size": 5000}, "integer", (12500,)),
    "constant": ({"value": "***"}, "string", ("张三丰", None)),
    "null": ({}, "string", ("张三丰",)),
}
"""For each kind of mask its parameters, the type of a field, and values of it."""


def masks() -> str:
    """A row for each kind of mask. Raises KeyError for one without an example."""
    lines = ["| Mask | Fits | Result | What leaves | Example |", "|---|---|---|---|---|"]
    for kind in KINDS:
        parameters, source, values = _EXAMPLES[kind]
        document = {"kind": kind, **parameters}
        mask = mask_from_json(document, key=_KEY)
        types = _result_types(mask)
        fits = "every type" if len(types) == len(get_args(FieldType)) else ", ".join(types)
        result = "the field's type" if [*types] == [*types.values()] else types[source]
        meaning = " ".join((inspect.getdoc(mask) or "").split())
        examples = "; ".join(f"{_show(value)} → {_show(apply(mask, source, value))}" for value in values)
        lines.append(f"| `{json.dumps(document)}` | {fits} | {result} | {meaning} | {examples} |")
    return "\n".join(lines)


def apply(mask: Mask, source: FieldType, value: Any) -> Any:
    """A value of the type `source` under a mask, as DuckDB answers it. Snapshots hold timestamps in UTC without a zone."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None)
    parameters = Parameters()
    dialect = DuckDialect([Field("value", source)], [ARROW_TYPES[source]])
    sql = column_sql("value", mask, dialect, parameters)
    column = f"CAST({parameters.bind(value)} AS {dialect.sql_type('value')}) AS {dialect.value('value')}"
    with duckdb.connect(":memory:") as connection:
        return connection.execute(f"SELECT {sql} FROM (SELECT {column})", parameters.values).fetchall()[0][0]


def _result_types(mask: Mask) -> dict[FieldType, FieldType]:
    """The types that a mask fits, each with the type of its result."""
    types: dict[FieldType, FieldType] = {}
    for source in get_args(FieldType):
        try:
            types[source] = mask_type(mask, source)
        except PlanError:
            continue
    return types


def _show(value: Any) -> str:
    if value is None:
        return "missing"
    text = value.isoformat() if isinstance(value, date) else str(value)
    is_digest = len(text) == 2 * len(_KEY)
    return f"`{text[:_SHOWN]}…`" if is_digest else f"`{text}`"
