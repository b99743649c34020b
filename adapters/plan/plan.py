"""The query plan: which columns, under which masks, of which rows, how many. No SQL and no I/O.

A delivery's obligations and its caller's filter become one plan, and each adapter turns it into a query of its source.
`check` comes before: a checked plan names known fields only, its values have the types of their fields, its masks fit.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from math import isfinite
from typing import Any, Final, NamedTuple

from adapters.plan.condition import All_, Any_, Comparison, Condition, Not_, PlanError, condition_to_json
from adapters.plan.masks import (
    INT64_MAX,
    MAX_KEY_BYTES,
    MIN_KEY_BYTES,
    Constant,
    FieldType,
    Hash,
    Mask,
    Null,
    mask_to_json,
    mask_type,
)

MAX_TEXT: Final = 4_000
MAX_DIGITS: Final = 38
MAX_DOUBLE: Final = sys.float_info.max

READ_LIMIT: Final = 5_000
"""The most rows of an answer that is not a stream."""

ROW_NUMBER: Final = "\0row"
"""Stands for the number of a row in `Plan.beside`; a file's adapter has it. No field has this name."""

BESIDE: Final = "\0beside"
"""The name of the column of values beside the others in a batch (`Plan.beside`)."""

# Names in the error of a field that is not there.
_NEAREST: Final = 3
_LISTED: Final = 10
_SHOWN_NAME: Final = 60

_ORDERED: Final = frozenset({"lt", "lte", "gt", "gte"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a source. A `timestamp` is an instant, `decimal` is exact, `number` is a double."""

    name: str
    type: FieldType
    nullable: bool = True


class Column(NamedTuple):
    """A field to deliver, under a mask or as it is. A tuple, since it hashes quickly: columns are part of a cache key."""

    name: str
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A read of a source: columns with masks, condition, order and limits.

    `limit` caps the rows. `offset_after` is the `next` of an earlier answer to the same plan, and continues after it.
    `order` is empty (the source's own order) or the key of the description, to sort by it. The order of rows can disclose
    a masked key: who makes the plan decides. With `shuffle`, a key of at least MIN_KEY_BYTES, the rows come in an order that
    follows from this key and tells nothing of the source's (decision "Rows of a hidden key are shuffled").

    With `beside`, the name of a field or ROW_NUMBER, each row has one value more, for the exchange and not for the answer:
    that of the field in the clear, or the number of the row. By it rows are withheld before `limit` counts them.
    """

    columns: tuple[Column, ...]
    where: Condition | None = None
    limit: int | None = None
    offset_after: str | None = None
    order: tuple[str, ...] = ()
    shuffle: bytes | None = field(default=None, repr=False)
    beside: str | None = None


def read_limit(plan: Plan) -> int:
    """The most rows that a plan is answered with in one piece."""
    return READ_LIMIT if plan.limit is None else min(plan.limit, READ_LIMIT)


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON, without keys of masks: its digest goes into the ledger, and owners see it."""
    return {"columns": columns_to_json(plan.columns), **rest_to_json(plan)}


def columns_to_json(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """The columns of a plan as JSON."""
    return [{"name": column.name, **({"mask": mask_to_json(column.mask)} if column.mask else {})} for column in columns]


def rest_to_json(plan: Plan) -> dict[str, Any]:
    """The JSON of a plan without its columns."""
    return {
        "where": condition_to_json(plan.where) if plan.where else None,
        "limit": plan.limit,
        "order": list(plan.order),
        **({"shuffled": True} if plan.shuffle is not None else {}),
    }


def check(plan: Plan, fields: Iterable[Field]) -> Plan:
    """Check a plan, and convert its values to the Python types of their fields (date, datetime in UTC, Decimal). Idempotent.

    Raises PlanError for no column, a column twice, an unknown field, a value or mask that does not fit its field, a hash
    without a key of MIN_KEY_BYTES to MAX_KEY_BYTES.
    """
    types = {field.name: field.type for field in fields}
    _check_columns(plan, types)
    if plan.limit is not None and not 0 <= plan.limit <= INT64_MAX:
        raise PlanError("/limit", "a limit is not negative")
    for index, name in enumerate(plan.order):
        if name not in types:
            raise PlanError(f"/order/{index}", "no such field")
    if plan.shuffle is not None and (plan.order or len(plan.shuffle) < MIN_KEY_BYTES):
        raise PlanError("/shuffle", f"rows are shuffled by a key of at least {MIN_KEY_BYTES} bytes, and not sorted too")
    if plan.beside is not None and plan.beside != ROW_NUMBER and plan.beside not in types:
        raise PlanError("/beside", "no such field")
    if plan.where is None:
        return plan
    return replace(plan, where=check_condition(plan.where, types))


def check_condition(condition: Condition, types: Mapping[str, FieldType]) -> Condition:
    """Check a plan's condition alone, as `check` does, against the types of the fields. Raises PlanError."""
    return _checked(condition, types, "/where")


def _check_columns(plan: Plan, types: dict[str, FieldType]) -> None:
    if not plan.columns:
        raise PlanError("/columns", "at least one column is needed")
    seen: set[str] = set()
    for index, column in enumerate(plan.columns):
        pointer = f"/columns/{index}"
        if column.name not in types:
            raise PlanError(f"{pointer}/name", _describe_unknown(column.name, types))
        if column.name in seen:
            raise PlanError(f"{pointer}/name", "a column is named once")
        seen.add(column.name)
        if column.mask is not None:
            mask_type(column.mask, types[column.name], f"{pointer}/mask")
            if isinstance(column.mask, Hash) and not MIN_KEY_BYTES <= len(column.mask.key or b"") <= MAX_KEY_BYTES:
                raise PlanError(f"{pointer}/mask", f"a hash needs a key of {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes")


def output_fields(plan: Plan, fields: Iterable[Field]) -> tuple[Field, ...]:
    """The fields of an answer to a plan, in its order, with the types of its masks' results."""
    by_name = {field.name: field for field in fields}
    return tuple(
        Field(
            column.name,
            mask_type(column.mask, by_name[column.name].type) if column.mask else by_name[column.name].type,
            isinstance(column.mask, Null) or (by_name[column.name].nullable and not isinstance(column.mask, Constant)),
        )
        for column in plan.columns
    )


def _checked(condition: Condition, types: Mapping[str, FieldType], pointer: str) -> Condition:
    match condition:
        case Comparison():
            return _checked_comparison(condition, types, pointer)
        case All_(parts):
            return All_(tuple(_checked(part, types, f"{pointer}/all/{index}") for index, part in enumerate(parts)))
        case Any_(parts):
            return Any_(tuple(_checked(part, types, f"{pointer}/any/{index}") for index, part in enumerate(parts)))
        case Not_(part):
            return Not_(_checked(part, types, f"{pointer}/not"))


def _checked_comparison(comparison: Comparison, types: Mapping[str, FieldType], pointer: str) -> Comparison:
    name, op, value = comparison.field, comparison.op, comparison.value
    if name not in types:
        raise PlanError(f"{pointer}/field", _describe_unknown(name, types))
    kind, pointer_to_value = types[name], f"{pointer}/value"
    if op == "is_null":
        if not isinstance(value, bool):
            raise PlanError(pointer_to_value, '"is_null" needs true or false')
        return comparison
    if op == "prefix" and kind != "string":
        raise PlanError(f"{pointer}/op", f'"prefix" fits string, not {kind}')
    if op in _ORDERED and kind == "boolean":
        raise PlanError(f"{pointer}/op", f'"{op}" does not fit boolean')
    if op in ("in", "not_in"):
        if not isinstance(value, tuple):
            raise PlanError(pointer_to_value, f'"{op}" needs a list of values')
        values = tuple(typed_value(kind, item, f"{pointer_to_value}/{index}") for index, item in enumerate(value))
        return Comparison(name, op, values)
    return Comparison(name, op, typed_value(kind, value, pointer_to_value))


def _describe_unknown(name: str, known: Iterable[str]) -> str:
    """That there is no field of a name, with the nearest names, or the first ones where none is near.

    A name that is near none is not repeated: it may be a value, and errors are logged and sent on.
    """
    names = list(known)
    if near := get_close_matches(name[:_SHOWN_NAME], names, n=_NEAREST):
        shown = name if len(name) <= _SHOWN_NAME else f"{name[:_SHOWN_NAME]}…"
        return f'no field "{shown}"; the nearest: {", ".join(near)}'
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"no such field; there are: {', '.join(names[:_LISTED])}{more}"


def typed_value(kind: FieldType, value: Any, pointer: str) -> Any:  # noqa: C901, PLR0911 - one case per type
    """Convert a constant to the Python type of a field. Raises PlanError if it does not fit.

    Dates are read as ISO 8601, times as RFC 3339. A `timestamp` needs an offset, else its instant would depend on the
    reader. A `number` may be text: canonical JSON has no fractions, so stored filters have none.
    """
    match kind, value:
        case "string", str() if len(value) <= MAX_TEXT and "\0" not in value:
            return _unicode(value, pointer)
        case "boolean", bool():
            return value
        case (("integer" | "decimal" | "number"), bool()):
            pass
        case "integer", int() if -INT64_MAX - 1 <= value <= INT64_MAX:
            return value
        case "number", int() | float() if abs(value) <= MAX_DOUBLE and isfinite(value):
            return float(value)
        case "number", str() | Decimal():
            return float(_decimal(value, pointer, kind))
        case "decimal", int() | float() | str() | Decimal():
            return _decimal(value, pointer)
        case "date", date() if not isinstance(value, datetime):
            return value
        case "timestamp", datetime() if value.tzinfo is not None:
            return value.astimezone(UTC)
        case (("date" | "timestamp"), str()):
            return _moment(kind, value, pointer)
    raise PlanError(pointer, f"{_EXPECTED[kind]} is needed")


_EXPECTED: Final[dict[str, str]] = {
    "string": f"text of at most {MAX_TEXT} characters without NUL",
    "integer": "an integer of 64 bits",
    "decimal": f"a number, or its text, of at most {MAX_DIGITS} digits",
    "number": f"a finite number, or its text of at most {MAX_DIGITS} digits",
    "boolean": "true or false",
    "date": "a date such as 2024-03-31",
    "timestamp": "a time with its offset such as 2024-03-31T08:00:00+08:00",
}


def _unicode(value: str, pointer: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PlanError(pointer, "the text is not valid Unicode") from None
    return value


def _decimal(value: float | str | Decimal, pointer: str, kind: FieldType = "decimal") -> Decimal:
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_finite() and len(number.as_tuple().digits) <= MAX_DIGITS and abs(number.adjusted()) <= MAX_DIGITS:
        return number
    raise PlanError(pointer, f"{_EXPECTED[kind]} is needed")


def _moment(kind: FieldType, value: str, pointer: str) -> date | datetime:
    try:
        if kind == "date":
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PlanError(pointer, f"{_EXPECTED[kind]} is needed")
