"""The closed lists of masks and of row filters, checked outside of the engine.

An obligation that the exchange cannot carry out turns the decision into a denial, as XACML 3.0 section 7.18 requires of an
enforcement point. Owners write masks and row filters as data, so an unknown one can come from a stored document as well as
from a policy.
"""

import json
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 8
"""The deepest nesting of a condition."""

MAX_NODES = 200
"""The most comparisons and connectives of one row filter."""

MAX_VALUES = 1000
"""The most values that the `in` and `not_in` of one row filter list together."""

MAX_CONSTANT = 200
"""The most characters of a mask's constant text."""

_SAFE = 2**53  # JSON readers differ about integers of this size and above (RFC 8259 section 6)

_MASKS: dict[str, dict[str, range | None]] = {
    "hash": {},
    "partial": {"keep_start": range(1_001), "keep_end": range(1_001)},
    "year": {},
    "month": {},
    "prefix": {"length": range(1, 1_001)},
    "bucket": {"size": range(1, 10**12 + 1)},
    "constant": {"value": None},
    "null": {},
}
MASK_KINDS = frozenset(_MASKS)
"""All kinds of masks."""

_ORDERED = frozenset({"eq", "ne", "lt", "lte", "gt", "gte"})
_LISTED = frozenset({"in", "not_in"})
OPERATORS = _ORDERED | _LISTED | {"prefix", "is_null"}
"""All operators of comparisons."""


class UnknownObligation(ValueError):
    """A mask or condition that the exchange cannot carry out. The message names the place and never a value."""


def check_mask(mask: Mapping[str, Any]) -> None:
    """Check a mask, `{"kind": …, …}`, against the list of masks. Raises UnknownObligation."""
    kind = mask.get("kind")
    if not isinstance(kind, str) or kind not in _MASKS:
        raise UnknownObligation("mask: unknown kind")
    parameters = _MASKS[kind]
    if mask.keys() != {"kind", *parameters}:
        raise UnknownObligation(f"mask {kind}: wrong parameters")
    for name, allowed in parameters.items():
        value = mask[name]
        if allowed is None:
            _check_constant(value, f"mask {kind}: {name}")
        elif type(value) is not int or value not in allowed:
            raise UnknownObligation(f"mask {kind}: {name} out of range")


def stricter(first: dict[str, Any] | None, second: dict[str, Any] | None) -> dict[str, Any] | None:
    """The mask of two that shows no more than the other, or the mask `null` (delivery.rego: `stricter`)."""
    if first is None or second is None:
        return first or second
    if hides(first, second):
        return first
    return second if hides(second, first) else {"kind": "null"}


def hides(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether the values that the first mask shows follow from those that the second shows (delivery.rego: `hides`)."""
    if _canonical(first) == _canonical(second) or first["kind"] in {"null", "constant"}:
        return True
    match first["kind"], second["kind"]:
        case "year", "month":
            return True
        case "partial", "partial":
            return bool(first["keep_start"] == first["keep_end"] == 0)
        case "prefix", "prefix":
            return bool(first["length"] <= second["length"])
        case "bucket", "bucket":
            return bool(first["size"] % second["size"] == 0)
    return False


def check_condition(condition: Any) -> None:
    """
    Check a row filter against the language of conditions. Raises UnknownObligation.

    A condition is `{"field", "op", "value"}`, `{"all": [condition, …]}`, `{"any": [condition, …]}` or
    `{"not": condition}`, at most MAX_DEPTH deep, with at most MAX_NODES of these and MAX_VALUES listed values.
    """
    waiting, nodes, values = [(condition, 1)], 0, 0
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        parts = _parts(node)
        if parts is None:
            values += _check_comparison(node)
        else:
            waiting.extend((part, depth + 1) for part in parts)
        if depth > MAX_DEPTH or nodes + len(waiting) > MAX_NODES or values > MAX_VALUES:
            raise UnknownObligation("condition: too deep or too large")


def _parts(node: Any) -> list[Any] | None:
    """The parts of a connective; None for a comparison."""
    if isinstance(node, Mapping):
        if node.keys() == {"field", "op", "value"}:
            return None
        match dict(node):
            case {"all": list(parts), **rest} | {"any": list(parts), **rest} if not rest:
                return parts
            case {"not": part, **rest} if not rest:
                return [part]
    raise UnknownObligation("condition: unknown form")


def _check_comparison(comparison: Mapping[str, Any]) -> int:
    """Check one comparison. Returns the number of values it lists."""
    field, op, value = comparison["field"], comparison["op"], comparison["value"]
    if not isinstance(field, str):
        raise UnknownObligation("condition: field is not a name")
    if not isinstance(op, str) or op not in OPERATORS:
        raise UnknownObligation("condition: unknown operator")
    if op in _LISTED:
        if not isinstance(value, list):
            raise UnknownObligation(f"condition: {op} needs a list")
        for item in value:
            _check_scalar(item, f"condition: {op}")
        return len(value)
    if (op == "is_null" and not isinstance(value, bool)) or (op == "prefix" and not isinstance(value, str)):
        raise UnknownObligation(f"condition: {op} needs another type of value")
    _check_scalar(value, f"condition: {op}")
    return 0


def _canonical(value: Any) -> str:
    """A JSON value as text, to compare by: in Python, `true` and 1 are equal."""
    return json.dumps(value, sort_keys=True)


def _check_constant(value: Any, subject: str) -> None:
    """Check for a scalar that every adapter can write as a constant: no long text, no NUL, no lone surrogate."""
    _check_scalar(value, subject)
    if isinstance(value, str) and (
        len(value) > MAX_CONSTANT or any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
    ):
        raise UnknownObligation(
            f"{subject}: not a text of at most {MAX_CONSTANT} characters without NUL and surrogates"
        )


def _check_scalar(value: Any, subject: str) -> None:
    """Check for text, a boolean, or an integer that every JSON reader reads alike."""
    if isinstance(value, bool | str):
        return
    if type(value) is not int or not -_SAFE < value < _SAFE:
        raise UnknownObligation(f"{subject}: not text, a boolean or a safe integer; write a fraction as text")
