"""Canonical JSON (RFC 8785): one value has one sequence of bytes to hash.

The ledger uses a subset of JSON for which the standard library's encoder, with sorted keys, already writes RFC 8785: no
floating-point numbers (section 3.2.2.3 would need ECMAScript's number printing), integers that survive a double (section
3.1, I-JSON), and keys of the basic multilingual plane (whose order by code point is the order by UTF-16 code unit of
section 3.2.3). Values outside the subset are refused, never approximated. A test compares the bytes with those of an
independent RFC 8785 implementation.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

MAX_INTEGER = 2**53 - 1
"""The largest magnitude of an integer: beyond it, JSON readers that use doubles disagree (RFC 7493 section 2.2)."""

MAX_DEPTH = 64
"""The deepest nesting of arrays and objects, so that no input can exhaust a reader's stack."""

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


class NotCanonical(ValueError):
    """A value or a text is outside the subset.

    `pointer` is the JSON pointer (RFC 6901) of the offending value, "" for the whole. `reason` never quotes the value.
    """

    def __init__(self, reason: str, pointer: str = "") -> None:
        super().__init__(f"{pointer or 'the document'}: {reason}")
        self.reason = reason
        self.pointer = pointer

    def below(self, token: str | int) -> "NotCanonical":
        """The same error with the pointer of the parent, which has the value under `token`."""
        escaped = str(token).replace("~", "~0").replace("/", "~1")
        return NotCanonical(self.reason, f"/{escaped}{self.pointer}")


def dumps(value: Any) -> bytes:
    """The canonical bytes of a value made of dict, list, tuple, str, int, bool and None. Raises NotCanonical."""
    _check(value, MAX_DEPTH)
    return _encode(value).encode()


def loads(data: bytes) -> Any:
    """The value whose canonical bytes are `data`. Raises NotCanonical for any other bytes, valid JSON or not."""
    try:
        value = json.loads(data.decode())
    except UnicodeDecodeError as error:
        raise NotCanonical(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise NotCanonical(f"not JSON at character {error.pos}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits; nesting beyond the parser's stack
        raise NotCanonical("not JSON that can be read") from None
    if dumps(value) != data:
        raise NotCanonical("valid JSON, but not in canonical form")
    return value


def are_plain_objects(texts: Sequence[bytes]) -> bool:
    """Whether `loads` would accept every text, and each is an object. False means: ask `loads` about each.

    This checks many texts in a fraction of the time. What `loads` checks of each value is here a property of the text, or
    follows because the encoder writes the same text again. Texts for which this is hard to decide, such as one with an
    integer of 16 digits, are left to `loads`.
    """
    if any(text.count(b"{") + text.count(b"[") > MAX_DEPTH for text in texts):
        return False  # the nesting may be too deep
    joined = b",".join(texts)
    # Byte by byte as Latin-1: non-ASCII bytes are in strings only, are printed unchanged, and sort the same.
    characters = joined.decode("latin-1")
    values = []
    start = 0
    try:
        read = joined.decode()
        for text in texts:
            value, stop = _scan(characters, start)
            if stop != start + len(text) or type(value) is not dict:
                return False
            values.append(value)
            start = stop + 1
    except (ValueError, StopIteration, RecursionError):
        return False
    # The encoder would print an escaped lone surrogate and a duplicate key differently. That leaves characters beyond the
    # basic plane, which keys may not have.
    is_basic = len(read) == len(joined) or len(read.encode("utf-16-le")) == 2 * len(read)
    return is_basic and _encode(values)[1:-1] == characters


def _short_integer(digits: str) -> int:
    if len(digits) >= _LONG:
        raise ValueError("the integer may be too large")
    return int(digits)


def _no_number(_: str) -> Any:
    raise ValueError("the number has no canonical form here")


_LONG = 16
_decoder = json.JSONDecoder(parse_int=_short_integer, parse_float=_no_number, parse_constant=_no_number)
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]


def _check(value: Any, depth: int) -> None:
    # Exact types, since a subclass may print as anything. The pointer is built only for an error.
    kind = type(value)
    if kind is str:
        _check_text(value)
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical("an integer of 2^53 or more")
    elif kind is dict:
        _check_members(value, depth)
    elif kind is list or kind is tuple:
        _check_items(value, depth)
    elif kind is not bool and value is not None:
        raise NotCanonical(f"a {kind.__name__} has no canonical form here")


def _check_text(value: str) -> None:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NotCanonical("a text with a lone surrogate") from None


def _check_members(value: dict[Any, Any], depth: int) -> None:
    if depth == 0:
        raise NotCanonical(f"nested deeper than {MAX_DEPTH}")
    for key, member in value.items():
        if type(key) is not str:
            raise NotCanonical("an object with a key that is not a text")
        if not key.isascii() and not all(unit <= "\ud7ff" or "\ue000" <= unit <= "\uffff" for unit in key):
            raise NotCanonical("an object with a key outside the basic multilingual plane")
        try:
            _check(member, depth - 1)
        except NotCanonical as error:
            raise error.below(key) from None


def _check_items(value: list[Any] | tuple[Any, ...], depth: int) -> None:
    if depth == 0:
        raise NotCanonical(f"nested deeper than {MAX_DEPTH}")
    for position, item in enumerate(value):
        try:
            _check(item, depth - 1)
        except NotCanonical as error:
            raise error.below(position) from None
