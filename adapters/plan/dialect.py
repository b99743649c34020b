"""Conditions and masks as SQL: what PostgreSQL and DuckDB have in common; each brings a Dialect for what they have
not.

Two rules hold here. Identifiers are quoted and values are bound: no text of a caller is ever part of a statement. And
SQL's third truth value never shows: negation is pushed down to the comparisons, a negated one is `(…) IS NOT TRUE`,
and an unknown in a positive place behaves as false, so a plain `"id" = $1` keeps its index.
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
        """Add a value; gives its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"


class Dialect(Protocol):
    """How one kind of source spells what differs. `name` is always a field of the source."""

    def value(self, name: str) -> str:
        """The field's value in its type."""

    def text(self, name: str) -> str:
        """The field's text form, the same in every source."""

    def compare(self, comparison: Comparison, parameters: Parameters) -> str:
        """One comparison, true exactly when it holds (false or unknown when not)."""

    def hmac(self, text: str, inner: str, outer: str) -> str:
        """Lower-case hex of sha256(outer ‖ sha256(inner ‖ text)); `inner` and `outer` are placeholders of bytes."""

    def year(self, name: str) -> str:
        """The year in UTC, as a 64-bit integer."""

    def month(self, name: str) -> str:
        """Year and month in UTC, as `YYYY-MM`."""

    def wide(self, name: str) -> str:
        """An integer field in a type wide enough not to overflow near the ends of 64 bits."""

    def null(self, name: str) -> str:
        """NULL in the type of the field."""


def identifier(name: str) -> str:
    """A quoted identifier. NUL cannot be part of one."""
    if "\0" in name:
        raise ValueError("an identifier holds no NUL")
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
    """The expression that delivers a field under its mask."""
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
    """Masks whose parameters are numbers of ours, written into the statement so that its text can be cached."""
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
