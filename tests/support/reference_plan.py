"""A reference implementation of plans in plain Python, row by row: every adapter is compared with it."""

import operator
from collections.abc import Callable, Iterable
from typing import Any

from adapters.plan.applied import apply_mask
from adapters.plan.condition import All_, Any_, Comparison, Condition, Not_
from adapters.plan.plan import Field, Plan, check

Row = dict[str, Any]


def answer(plan: Plan, fields: Iterable[Field], rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    plan = check(plan, fields)
    kept = [row for row in rows if plan.where is None or holds(plan.where, row)]
    return [tuple(apply_mask(column.mask, row[column.name]) for column in plan.columns) for row in kept[: plan.limit]]


def values_beside(plan: Plan, fields: Iterable[Field], rows: Iterable[Row]) -> list[Any]:
    """The values of the field that the plan names beside its columns, of each row that its condition leaves."""
    plan = check(plan, fields)
    return [row[plan.beside] for row in rows if plan.where is None or holds(plan.where, row)] if plan.beside else []


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
