"""A reference implementation of plans in plain Python, row by row: every adapter is compared with it."""

import hashlib
import hmac
import operator
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from adapters.plan.condition import All_, Any_, Comparison, Condition, Not_
from adapters.plan.masks import Bucket, Constant, Hash, Mask, Month, Null, Partial, Prefix, Year
from adapters.plan.plan import Field, Plan, check

Row = dict[str, Any]


def answer(plan: Plan, fields: Iterable[Field], rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    plan = check(plan, fields)
    kept = [row for row in rows if plan.where is None or holds(plan.where, row)]
    return [tuple(apply_mask(column.mask, row[column.name]) for column in plan.columns) for row in kept[: plan.limit]]


def holds(condition: Condition, row: Row) -> bool:
    match condition:
        case All_(parts):
            return all(holds(part, row) for part in parts)
        case Any_(parts):
            return any(holds(part, row) for part in parts)
        case Not_(part):
            return not holds(part, row)
        case Comparison(field, op, constant):
            return compares(row[field], op, constant)


def compares(value: Any, op: str, constant: Any) -> bool:
    if op == "is_null":
        return (value is None) is constant
    if op in ("ne", "not_in"):
        return not compares(value, {"ne": "eq", "not_in": "in"}[op], constant)
    return value is not None and bool(_TESTS[op](value, constant))


_TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "in": lambda value, constants: value in constants,
    "prefix": str.startswith,
}


def apply_mask(mask: Mask | None, value: Any) -> Any:  # noqa: PLR0911 - one return a mask
    if isinstance(mask, Constant):
        return mask.value
    if mask is None or value is None:
        return value
    text = text_form(value)
    match mask:
        case Null():
            return None
        case Hash(key):
            assert key is not None
            return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        case Partial(start, end):
            hidden = len(text) - start - end
            return "*" * len(text) if hidden <= 0 else text[:start] + "*" * hidden + text[len(text) - end :]
        case Prefix(length):
            return text[:length]
        case Year():
            return value.year
        case Month():
            return f"{value.year:04}-{value.month:02}"
        case Bucket(size):
            low = value // size * size
            return f"{low}-{low + size - 1}"


def text_form(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
    return str(value)
