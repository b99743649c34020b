"""The closed list of what a decision may oblige, checked on this side of the engine.

An obligation that nobody here can carry out must not be passed over in silence: it turns the decision into a denial
(XACML 3.0 section 7.18 asks the same of an enforcement point). Owners write masks and row filters as data, so an
unknown word can come from a stored document as well as from a policy; both end here.
"""

from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 8
"""How deep conditions may nest."""

MAX_NODES = 200
"""How many comparisons and connectives one condition may have."""

MAX_VALUES = 1000
"""How many values one `in` or `not_in` may list."""

_SAFE = 2**53  # integers of this size and above are not the same number in every JSON reader (RFC 8259 section 6)

_SIZE = (int, 0)
_POSITIVE = (int, 1)
_MASKS: dict[str, dict[str, tuple[type, int]]] = {
    "hash": {},
    "partial": {"keep_start": _SIZE, "keep_end": _SIZE},
    "year": {},
    "month": {},
    "prefix": {"length": _SIZE},
    "bucket": {"size": _POSITIVE},
    "constant": {"value": (object, 0)},
    "null": {},
}
MASK_KINDS = frozenset(_MASKS)
"""The masks there are. Those of WITHHOLDING reveal nothing of the value."""
WITHHOLDING = frozenset({"null", "constant"})

_ORDERED = frozenset({"eq", "ne", "lt", "lte", "gt", "gte"})
_LISTED = frozenset({"in", "not_in"})
OPERATORS = _ORDERED | _LISTED | {"prefix", "is_null"}
"""The comparisons there are."""


class UnknownObligation(ValueError):  # noqa: N818 - it says what is wrong
    """A mask or condition that nobody here can carry out. The message names the place and never a value."""


def check_mask(mask: Mapping[str, Any]) -> None:
    """Hold a mask, `{"kind": …, …}`, against the list of masks; raises UnknownObligation."""
    kind = mask.get("kind")
    if not isinstance(kind, str) or kind not in _MASKS:
        raise UnknownObligation("mask: unknown kind")
    parameters = _MASKS[kind]
    if mask.keys() != {"kind", *parameters}:
        raise UnknownObligation(f"mask {kind}: wrong parameters")
    for name, (type_, least) in parameters.items():
        value = mask[name]
        if type_ is object:
            _check_scalar(value, f"mask {kind}: {name}")
        elif type(value) is not int or not least <= value < _SAFE:
            raise UnknownObligation(f"mask {kind}: {name} out of range")


def check_condition(condition: Any) -> None:
    """
    Hold a row filter against the language of conditions; raises UnknownObligation.

    A condition is `{"field", "op", "value"}`, `{"all": [condition, …]}`, `{"any": [condition, …]}` or
    `{"not": condition}`, at most MAX_DEPTH deep and MAX_NODES large.
    """
    if _count(condition, 1) > MAX_NODES:
        raise UnknownObligation("condition: too large")


def _count(condition: Any, depth: int) -> int:
    """Check one node and everything under it; gives the number of nodes."""
    if not isinstance(condition, Mapping):
        raise UnknownObligation("condition: not an object")
    if depth > MAX_DEPTH:
        raise UnknownObligation("condition: too deep")
    if condition.keys() == {"field", "op", "value"}:
        _check_comparison(condition)
        return 1
    match dict(condition):
        case {"all": list(parts), **rest} | {"any": list(parts), **rest} if parts and not rest:
            if len(parts) > MAX_NODES:
                raise UnknownObligation("condition: too large")
            return 1 + sum(_count(part, depth + 1) for part in parts)
        case {"not": part, **rest} if not rest:
            return 1 + _count(part, depth + 1)
        case _:
            raise UnknownObligation("condition: unknown form")


def _check_comparison(comparison: Mapping[str, Any]) -> None:
    field, op, value = comparison["field"], comparison["op"], comparison["value"]
    if not isinstance(field, str) or not field:
        raise UnknownObligation("condition: field is not a name")
    if not isinstance(op, str) or op not in OPERATORS:
        raise UnknownObligation("condition: unknown operator")
    if op in _LISTED:
        if not isinstance(value, list) or not 0 < len(value) <= MAX_VALUES:
            raise UnknownObligation(f"condition: {op} needs a list of 1 to {MAX_VALUES} values")
        for one in value:
            _check_scalar(one, f"condition: {op}")
    elif op == "is_null":
        if not isinstance(value, bool):
            raise UnknownObligation("condition: is_null needs true or false")
    elif op == "prefix" and not isinstance(value, str):
        raise UnknownObligation("condition: prefix needs text")
    else:
        _check_scalar(value, f"condition: {op}")


def _check_scalar(value: Any, place: str) -> None:
    """Text, a truth value, or an integer that every JSON reader reads alike."""
    if isinstance(value, bool | str):
        return
    if type(value) is not int or not -_SAFE < value < _SAFE:
        raise UnknownObligation(f"{place}: not text, a truth value or a safe integer")
