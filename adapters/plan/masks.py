"""Masks: what is left of a value when a decision obliges the exchange to withhold part of it.

A mask is applied by the source, in SQL, so that the whole value never enters the exchange's memory. Each mask has one
meaning, given here in words and kept by every adapter; `mask_type` says what type comes out. A missing value stays
missing, except under `Constant`, which hides even that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from adapters.plan.condition import PlanError

FieldType: TypeAlias = Literal["string", "integer", "decimal", "number", "boolean", "date", "timestamp"]
FIELD_TYPES: Final[frozenset[str]] = frozenset(get_args(FieldType))

MIN_KEY_BYTES: Final = 16
MAX_KEY_BYTES: Final = 64  # a block of SHA-256: longer keys would have to be hashed first (RFC 2104 section 2)
MAX_CONSTANT: Final = 200
INT64_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Hash:
    """Lower-case hex HMAC-SHA-256 (RFC 2104) of the value's text form in UTF-8. The key is never part of the JSON."""

    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Partial:
    """Keeps characters at both ends and writes `*` for each between; a value no longer than both ends is all `*`."""

    keep_start: int = 0
    keep_end: int = 0


@dataclass(frozen=True, slots=True)
class Prefix:
    """The first `length` characters."""

    length: int


@dataclass(frozen=True, slots=True)
class Year:
    """The year (in UTC) as an integer."""


@dataclass(frozen=True, slots=True)
class Month:
    """Year and month (in UTC) as text: `2024-03`."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The range of `size` integers a value lies in, as text: 43 in tens is `40-49`, -3 is `-10--1`."""

    size: int


@dataclass(frozen=True, slots=True)
class Constant:
    """The same text, integer or truth value for every row."""

    value: str | int | bool


@dataclass(frozen=True, slots=True)
class Null:
    """Nothing: every value missing, the type kept."""


Mask: TypeAlias = Hash | Partial | Prefix | Year | Month | Bucket | Constant | Null

# A number has no text form that every source agrees on, so it cannot be hashed alike everywhere.
_HASHABLE: Final = frozenset({"string", "integer", "decimal", "boolean", "date", "timestamp"})
_CUTTABLE: Final = frozenset({"string", "integer"})
_DATED: Final = frozenset({"date", "timestamp"})

_CLASSES: Final[dict[str, type[Mask]]] = {
    "hash": Hash,
    "partial": Partial,
    "prefix": Prefix,
    "year": Year,
    "month": Month,
    "bucket": Bucket,
    "constant": Constant,
    "null": Null,
}
_KINDS: Final = {one: kind for kind, one in _CLASSES.items()}
KINDS: Final[tuple[str, ...]] = tuple(_CLASSES)

_PARAMETERS: Final[dict[str, frozenset[str]]] = {
    "partial": frozenset({"keep_start", "keep_end"}),
    "prefix": frozenset({"length"}),
    "bucket": frozenset({"size"}),
    "constant": frozenset({"value"}),
}
_RANGES: Final = {"keep_start": (0, 1_000), "keep_end": (0, 1_000), "length": (1, 1_000), "size": (1, 10**12)}

# What a mask accepts and what comes out of it; Constant and Null depend on more than the class.
_RESULTS: Final[dict[type[Mask], tuple[frozenset[str], FieldType]]] = {
    Hash: (_HASHABLE, "string"),
    Partial: (_CUTTABLE, "string"),
    Prefix: (_CUTTABLE, "string"),
    Year: (_DATED, "integer"),
    Month: (_DATED, "string"),
    Bucket: (frozenset({"integer"}), "string"),
}


def mask_type(mask: Mask, source: FieldType, pointer: str = "") -> FieldType:
    """The type that comes out of a mask on a field of type `source`; PlanError when the two do not fit."""
    if isinstance(mask, Constant):
        return _constant_type(mask.value)
    if isinstance(mask, Null):
        return source
    accepted, result = _RESULTS[type(mask)]
    if source not in accepted:
        kinds = ", ".join(sorted(accepted))
        raise PlanError(pointer, f'the mask "{_KINDS[type(mask)]}" fits {kinds}, not {source}')
    return result


def mask_from_json(value: Any, *, key: bytes | None = None, pointer: str = "") -> Mask:
    """Read a mask: `{"kind": …}` with exactly the keys of its kind. `key` is what a `hash` uses.

    Raises PlanError for an unknown kind, a missing or unknown key, a number out of range.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str):
        raise PlanError(pointer, 'a mask is an object with a "kind"')
    kind = value["kind"]
    if kind not in _CLASSES:
        raise PlanError(f"{pointer}/kind", f"a mask is one of {', '.join(KINDS)}")
    wanted = _PARAMETERS.get(kind, frozenset())
    if value.keys() - {"kind"} != wanted:
        raise PlanError(pointer, f'the mask "{kind}" has {", ".join(sorted(wanted)) or "no further keys"}')
    if kind == "hash":
        return Hash(key)
    return _CLASSES[kind](**{name: _parameter(name, value[name], f"{pointer}/{name}") for name in wanted})


def mask_to_json(mask: Mask) -> dict[str, Any]:
    """The JSON of a mask, without any key."""
    kind = _KINDS[type(mask)]
    return {"kind": kind, **{name: getattr(mask, name) for name in sorted(_PARAMETERS.get(kind, ()))}}


def _constant_type(value: str | int | bool) -> FieldType:  # noqa: FBT001 - it is the value that is asked about
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "string"


def _parameter(name: str, value: Any, pointer: str) -> Any:
    if name == "value":
        return _constant(value, pointer)
    least, most = _RANGES[name]
    if type(value) is not int or not least <= value <= most:
        raise PlanError(pointer, f"an integer from {least} to {most} is needed")
    return value


def _constant(value: Any, pointer: str) -> str | int | bool:
    if isinstance(value, str) and len(value) <= MAX_CONSTANT and "\0" not in value and _is_unicode(value):
        return value
    if isinstance(value, int) and abs(value) <= INT64_MAX:
        return value
    raise PlanError(pointer, f"a constant is text of at most {MAX_CONSTANT} characters, an integer, true or false")


def _is_unicode(value: str) -> bool:
    """False for text with a lone surrogate, which JSON can spell and UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
