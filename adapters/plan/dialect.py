"""Conditions and masks as SQL: the part that databases share, and the interface `Dialect` for the rest.

Two rules hold. Identifiers are quoted and values are bound, so a caller's text is never part of a statement. And SQL's
third truth value has no effect: negation is pushed down to the comparisons, where it is `(…) IS NOT TRUE`, and unknown
counts as false elsewhere, so a plain `"id" = $1` can use its index.
"""

from typing import Any, Final, Protocol

from adapters.plan.condition import All_, Any_, Comparison, Condition, Not_
from adapters.plan.masks import MAX_KEY_BYTES, Bucket, Constant, Hash, Mask, Month, Null, Partial, Prefix, Year

_TEXT_TYPES: Final[dict[type, str]] = {str: "text", int: "bigint", bool: "boolean"}


class Parameters:
    """The values a statement binds, in order."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def bind(self, value: Any) -> str:
        """Add a value and return its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"


class Dialect(Protocol):
    """The SQL that differs between databases. `name` is always a field of the source."""

    def value(self, name: str) -> str:
        """The field's value in its type."""

    def text(self, name: str) -> str:
        """The field's text form, the same in every source."""

    def compare(self, comparison: Comparison, parameters: Parameters) -> str:
        """A comparison: SQL's true if it is true, false or unknown otherwise."""

    def hmac(self, text: str, inner: str, outer: str) -> str:
        """Lower-case hex of sha256(outer ‖ sha256(inner ‖ text)); `inner` and `outer` are placeholders of bytes."""

    def year(self, name: str) -> str:
        """The year in UTC, as a 64-bit integer."""

    def month(self, name: str) -> str:
        """Year and month in UTC, as `YYYY-MM`."""

    def wide(self, name: str) -> str:
        """An integer field in a wider type, so that arithmetic near the ends of 64 bits does not overflow."""

    def null(self, name: str) -> str:
        """NULL in the type of the field."""


def identifier(name: str) -> str:
    """Quote an identifier. Raises ValueError for one with a NUL."""
    if "\0" in name:
        raise ValueError("an identifier has no NUL")
    return '"' + name.replace('"', '""') + '"'


def condition_sql(condition: Condition, dialect: Dialect, parameters: Parameters, *, is_negated: bool = False) -> str:
    """A condition as a SQL predicate for a WHERE clause."""
    match condition:
        case Comparison():
            sql = dialect.compare(condition, parameters)
            return f"({sql}) IS NOT TRUE" if is_negated else sql
        case Not_(part):
            return condition_sql(part, dialect, parameters, is_negated=not is_negated)
        case All_(parts) | Any_(parts):
            is_all = isinstance(condition, All_) != is_negated
            if not parts:
                return "TRUE" if is_all else "FALSE"
            return (" AND " if is_all else " OR ").join(
                f"({condition_sql(part, dialect, parameters, is_negated=is_negated)})" for part in parts
            )


def column_sql(name: str, mask: Mask | None, dialect: Dialect, parameters: Parameters) -> str:
    """The SQL expression of a field under its mask."""
    match mask:
        case None:
            return dialect.value(name)
        case Hash(key):
            inner, outer = hmac_pads(key or b"")
            return dialect.hmac(dialect.text(name), parameters.bind(inner), parameters.bind(outer))
        case Constant(value):
            return f"CAST({parameters.bind(value)} AS {_TEXT_TYPES[type(value)]})"
        case Null():
            return dialect.null(name)
        case _:
            return _generalised(name, mask, dialect)


def _generalised(name: str, mask: Partial | Prefix | Year | Month | Bucket, dialect: Dialect) -> str:
    """Masks without text in their parameters: checked numbers are written into the statement, whose text is a cache key."""
    match mask:
        case Partial(start, end):
            text = dialect.text(name)
            return (
                f"CASE WHEN length({text}) <= {start + end} THEN repeat('*', CAST(length({text}) AS integer)) "
                f"ELSE left({text}, {start}) || repeat('*', CAST(length({text}) AS integer) - {start + end}) "
                f"|| right({text}, {end}) END"
            )
        case Prefix(length):
            return f"left({dialect.text(name)}, {length})"
        case Bucket(size):
            wide = dialect.wide(name)
            low = f"({wide} - mod(mod({wide}, {size}) + {size}, {size}))"
            return f"CAST({low} AS text) || '-' || CAST({low} + {size - 1} AS text)"
        case Year():
            return dialect.year(name)
        case Month():
            return dialect.month(name)


def hmac_pads(key: bytes) -> tuple[bytes, bytes]:
    """The inner and outer padded keys of HMAC-SHA-256 (RFC 2104 section 2) for a key of at most one block."""
    block = key.ljust(MAX_KEY_BYTES, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)
