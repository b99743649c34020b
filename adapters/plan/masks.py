"""Masks: how much of a value is delivered when a decision withholds part of it.

The source applies a mask, in SQL, so the whole value never enters the exchange's memory. Each mask has one meaning,
defined here and the same in every adapter; `mask_type` gives the type of its result. A missing value stays missing,
except under `Constant`, which hides that too.
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
    """HMAC-SHA-256 (RFC 2104) of the value's text form in UTF-8, as lower-case hex. The JSON never holds the key."""

    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Partial:
    """Keeps characters at both ends and replaces each one between by `*`, or all if the value is no longer than the ends."""

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
    """The range of `size` integers that holds the value, as text: 43 in tens is `40-49`, -3 is `-10--1`."""

    size: int


@dataclass(frozen=True, slots=True)
class Constant:
    """The same text, integer or truth value for every row."""

    value: str | int | bool


@dataclass(frozen=True, slots=True)
class Null:
    """A missing value for every row, of the field's type."""


Mask: TypeAlias = Hash | Partial | Prefix | Year | Month | Bucket | Constant | Null

# Sources disagree on the text form of a number, so its hashes would differ.
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
_KINDS: Final = {mask: kind for kind, mask in _CLASSES.items()}
KINDS: Final[tuple[str, ...]] = tuple(_CLASSES)

_PARAMETERS: Final[dict[str, frozenset[str]]] = {
    "partial": frozenset({"keep_start", "keep_end"}),
    "prefix": frozenset({"length"}),
    "bucket": frozenset({"size"}),
    "constant": frozenset({"value"}),
}
_RANGES: Final = {"keep_start": (0, 1_000), "keep_end": (0, 1_000), "length": (1, 1_000), "size": (1, 10**12)}

_MEANINGS: Final = {
    "keep_start": "characters kept at the start",
    "keep_end": "characters kept at the end",
    "length": "characters kept",
    "size": "integers in a range",
}

# The types a mask accepts, and the type of its result. For Constant and Null the class does not determine it.
_RESULTS: Final[dict[type[Mask], tuple[frozenset[str], FieldType]]] = {
    Hash: (_HASHABLE, "string"),
    Partial: (_CUTTABLE, "string"),
    Prefix: (_CUTTABLE, "string"),
    Year: (_DATED, "integer"),
    Month: (_DATED, "string"),
    Bucket: (frozenset({"integer"}), "string"),
}


def mask_type(mask: Mask, source: FieldType, pointer: str = "") -> FieldType:
    """The type of a mask's result on a field of type `source`. Raises PlanError if the mask does not fit it."""
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
    """Read a mask: `{"kind": …}` with exactly the keys of its kind. `key` is the key of a `hash`.

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


def mask_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a mask: one object for each kind, with the parameters that it takes."""
    return {"oneOf": [_schema_of(kind) for kind in KINDS]}


def _schema_of(kind: str) -> dict[str, Any]:
    names = sorted(_PARAMETERS.get(kind, ()))
    return {
        "type": "object",
        "title": kind,
        "description": (_CLASSES[kind].__doc__ or "").strip(),
        "properties": {"kind": {"const": kind}, **{name: _schema_of_parameter(name) for name in names}},
        "required": ["kind", *names],
        "additionalProperties": False,
    }


def _schema_of_parameter(name: str) -> dict[str, Any]:
    if name == "value":
        return {
            "anyOf": [{"type": "string", "maxLength": MAX_CONSTANT}, {"type": "integer"}, {"type": "boolean"}],
            "description": "delivered in every row",
        }
    least, most = _RANGES[name]
    return {"type": "integer", "minimum": least, "maximum": most, "description": _MEANINGS[name]}


def mask_to_json(mask: Mask) -> dict[str, Any]:
    """The JSON of a mask, without any key."""
    kind = _KINDS[type(mask)]
    return {"kind": kind, **{name: getattr(mask, name) for name in sorted(_PARAMETERS.get(kind, ()))}}


def _constant_type(value: str | int | bool) -> FieldType:  # noqa: FBT001 - it is a value
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
    """Whether a text has no lone surrogate, which JSON can hold and UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
