"""Canonical JSON (RFC 8785), so that one value has one sequence of bytes to hash.

The ledger needs a subset of JSON in which RFC 8785 is what the standard library's encoder writes anyway, once keys
are sorted: no floating-point numbers (section 3.2.2.3 would need ECMAScript's number printing), integers that survive
a double (section 3.1, I-JSON), keys of the basic multilingual plane (their order by code point is the order by UTF-16
code unit of section 3.2.3). Values outside the subset are refused, never approximated; a test compares the bytes with
those of an independent RFC 8785 implementation.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

MAX_INTEGER = 2**53 - 1
"""The largest magnitude of an integer: beyond it, JSON readers that use doubles disagree (RFC 7493 section 2.2)."""

MAX_DEPTH = 64
"""How deep arrays and objects may nest, so that no input can exhaust a reader's stack."""

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


class NotCanonical(ValueError):
    """A value, or a text, has no place in the subset.

    `pointer` is the JSON pointer (RFC 6901) of the offending value, "" for the whole; `reason` says what is wrong with
    it and never repeats it.
    """

    def __init__(self, reason: str, pointer: str = "") -> None:
        super().__init__(f"{pointer or 'the document'}: {reason}")
        self.reason = reason
        self.pointer = pointer

    def below(self, token: str | int) -> "NotCanonical":
        """The same finding, seen from the parent that holds the value under `token`."""
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
    """Whether all of some texts are objects that `loads` would take; False also where that takes a closer look.

    Many at once, in a fraction of the time: what `loads` checks of each value is here a property of the text, or follows
    from its being what the encoder writes. A text in which that is not plain, such as one with an integer of 16 digits,
    is left to `loads`.
    """
    if any(text.count(b"{") + text.count(b"[") > MAX_DEPTH for text in texts):
        return False  # it may be nested too deeply
    joined = b",".join(texts)
    # Byte by byte as Latin-1: what is not ASCII stands in strings only, comes out as it went in, and sorts the same.
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
    # A lone surrogate can only have been written as an escape, which the encoder does not write; a key that occurs twice
    # would be written once. So it remains to ask for characters beyond the basic plane, which may not be in keys.
    is_basic = len(read) == len(joined) or len(read.encode("utf-16-le")) == 2 * len(read)
    return is_basic and _encode(values)[1:-1] == characters


def _short_integer(digits: str) -> int:
    if len(digits) >= _LONG:
        raise ValueError("an integer that may be too large")
    return int(digits)


def _no_number(_: str) -> Any:
    raise ValueError("a number that has no canonical form here")


_LONG = 16
_decoder = json.JSONDecoder(parse_int=_short_integer, parse_float=_no_number, parse_constant=_no_number)
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]


def _check(value: Any, depth: int) -> None:
    # Exact types: a subclass may print as anything. The pointer is put together only where something is wrong.
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
