"""Conditions on rows as data: an owner's row filter and a caller's filter, before they become SQL.

A condition is true or false, as in Rego and Python and unlike SQL. A missing value makes `eq`, `lt`, `lte`, `gt`, `gte`,
`in` and `prefix` false, so `ne`, `not_in` and `not` are true for rows without the value. Every adapter agrees.

In JSON: `{"field": …, "op": …, "value": …}`, `{"all": […]}`, `{"any": […]}`, `{"not": …}`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, cast, get_args

Op: TypeAlias = Literal["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "prefix", "is_null"]
OPS: Final[frozenset[str]] = frozenset(get_args(Op))

MAX_DEPTH: Final = 8
MAX_NODES: Final = 200
MAX_VALUES: Final = 1_000


class PlanError(Exception):
    """A plan that no adapter may run.

    `pointer` is a JSON pointer (RFC 6901) to the wrong part of the plan, `reason` one sentence about it. Neither holds a
    value of the data.
    """

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{pointer or '/'}: {reason}")
        self.pointer = pointer
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a constant: a scalar, a tuple of scalars for `in` and `not_in`, a bool for `is_null`."""

    field: str
    op: Op
    value: Any


@dataclass(frozen=True, slots=True)
class All_:  # noqa: N801 - `All` beside typing.Any would read as its sibling
    """True if every part is; true without parts."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801
    """True if some part is; false without parts."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not_:  # noqa: N801
    """True if its part is false."""

    condition: "Condition"


Condition: TypeAlias = Comparison | All_ | Any_ | Not_


def all_of(*conditions: Condition | None) -> Condition | None:
    """Join conditions that must all be true; None stands for no condition."""
    present = [condition for condition in conditions if condition is not None]
    if len(present) > 1:
        return All_(tuple(present))
    return present[0] if present else None


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Every comparison in a condition, in order."""
    stack = [condition]
    while stack:
        match stack.pop():
            case Comparison() as leaf:
                yield leaf
            case Not_(part):
                stack.append(part)
            case All_(parts) | Any_(parts):
                stack.extend(reversed(parts))


def condition_from_json(value: Any, pointer: str = "") -> Condition:
    """Read a condition. Raises PlanError, also beyond MAX_DEPTH levels, MAX_NODES nodes or MAX_VALUES listed values."""
    return _Reader().read(value, pointer, 1)


def condition_to_json(condition: Condition) -> dict[str, Any]:
    """The JSON of a condition, with typed values as text. `condition_from_json` reads it back."""
    match condition:
        case Comparison(field, op, tuple() as values):
            return {"field": field, "op": op, "value": [_constant_to_json(value) for value in values]}
        case Comparison(field, op, value):
            return {"field": field, "op": op, "value": _constant_to_json(value)}
        case All_(parts):
            return {"all": [condition_to_json(part) for part in parts]}
        case Any_(parts):
            return {"any": [condition_to_json(part) for part in parts]}
        case Not_(part):
            return {"not": condition_to_json(part)}


def _constant_to_json(value: Any) -> Any:
    if isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


class _Reader:
    """Counts nodes and listed values while reading: the limits hold for the whole condition."""

    def __init__(self) -> None:
        self.nodes = 0
        self.values = 0

    def read(self, value: Any, pointer: str, depth: int) -> Condition:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise PlanError(pointer, f"a condition has at most {MAX_DEPTH} levels")
        if self.nodes > MAX_NODES:
            raise PlanError(pointer, f"a condition has at most {MAX_NODES} parts")
        if not isinstance(value, Mapping):
            raise PlanError(pointer, "a condition is an object")
        match sorted(value):
            case ["field", "op", "value"]:
                return self._comparison(value, pointer)
            case ["all"]:
                return All_(self._parts(value["all"], f"{pointer}/all", depth))
            case ["any"]:
                return Any_(self._parts(value["any"], f"{pointer}/any", depth))
            case ["not"]:
                return Not_(self.read(value["not"], f"{pointer}/not", depth + 1))
        raise PlanError(pointer, 'a condition has the keys "field", "op", "value", or one of "all", "any", "not"')

    def _parts(self, value: Any, pointer: str, depth: int) -> tuple[Condition, ...]:
        if not isinstance(value, list | tuple):
            raise PlanError(pointer, "a list of conditions is needed")
        return tuple(self.read(part, f"{pointer}/{index}", depth + 1) for index, part in enumerate(value))

    def _comparison(self, value: Mapping[str, Any], pointer: str) -> Comparison:
        field, op, constant = value["field"], value["op"], value["value"]
        if not isinstance(field, str):
            raise PlanError(f"{pointer}/field", "a field is named by text")
        if not isinstance(op, str) or op not in OPS:
            raise PlanError(f"{pointer}/op", f"an operator is one of {', '.join(sorted(OPS))}")
        if op in ("in", "not_in"):
            if not isinstance(constant, list | tuple):
                raise PlanError(f"{pointer}/value", f'"{op}" needs a list of values')
            self.values += len(constant)
            if self.values > MAX_VALUES:
                raise PlanError(f"{pointer}/value", f"a condition lists at most {MAX_VALUES} values")
            constant = tuple(constant)
        return Comparison(field, cast("Op", op), constant)
