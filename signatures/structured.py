"""Structured fields (RFC 9651): the grammar that Signature, Signature-Input and Content-Digest are written in.

Read more strictly than the RFC demands: it lets a later duplicate key replace an earlier one, and lets base64 be loose.
Two readers that settle such a field differently can be made to see two different signatures, so here both are errors.
Display Strings, which no field of ours uses, are not read.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final


class FieldError(ValueError):
    """The text is not the structured field it should be; the message says where, never what stood there."""


class Token(str):
    """A bare word such as `gzip`, kept apart from the string `"gzip"`."""

    __slots__ = ()


class Date(int):
    """Seconds since 1970-01-01, written `@1659578233`."""

    __slots__ = ()


Bare = bool | int | Decimal | str | bytes
Parameters = tuple[tuple[str, Bare], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One bare value with its parameters, in the order they came in."""

    value: Bare
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class InnerList:
    """A list in parentheses, with the parameters that follow it."""

    items: tuple[Item, ...]
    parameters: Parameters = ()


Member = Item | InnerList

_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]{1,3}))?")
_STRING: Final = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_TOKEN: Final = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_BYTES: Final = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_BOOLEAN: Final = re.compile(r"\?([01])")
_SPACES: Final = re.compile(r" *")
_COMMA: Final = re.compile(r"[ \t]*,[ \t]*")
_ESCAPE: Final = re.compile(r"\\(.)")

_DIGITS_MAX: Final = 15
_WHOLE_MAX: Final = 12


def parse_dictionary(text: str) -> dict[str, Member]:
    """Read a Dictionary (RFC 9651 section 4.2.2); raises FieldError, also for a key that comes twice."""
    scan = _Scanner(text)
    found: dict[str, Member] = {}
    while not scan.is_done():
        key = scan.take(_KEY, "a key")[0]
        if key in found:
            raise FieldError(f"the key {key!r} comes twice")
        found[key] = scan.member() if scan.skip("=") else Item(value=True, parameters=scan.parameters())
        scan.separator()
    return found


def parse_list(text: str) -> tuple[Member, ...]:
    """Read a List (RFC 9651 section 4.2.1); raises FieldError."""
    scan = _Scanner(text)
    found: list[Member] = []
    while not scan.is_done():
        found.append(scan.member())
        scan.separator()
    return tuple(found)


def parse_item(text: str) -> Item:
    """Read an Item (RFC 9651 section 4.2.3); raises FieldError."""
    scan = _Scanner(text)
    item = scan.item()
    if not scan.is_done():
        raise scan.error("the end")
    return item


def parse_inner_list(text: str) -> InnerList:
    """Read one Inner List with its parameters (RFC 9651 section 4.2.1.2); raises FieldError."""
    scan = _Scanner(text)
    found = scan.member()
    if not isinstance(found, InnerList) or not scan.is_done():
        raise scan.error("a list in parentheses and nothing else")
    return found


def decode_bytes(text: str) -> bytes:
    """Decode base64 of which only one spelling exists (padded, no stray bits); raises FieldError."""
    try:
        value = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise FieldError("a byte sequence is not base64") from error
    if base64.b64encode(value).decode() != text:
        raise FieldError("a byte sequence is not canonical base64")
    return value


def write_dictionary(members: dict[str, Member]) -> str:
    """Write a Dictionary (RFC 9651 section 4.1.2); raises FieldError for what cannot be written."""
    return ", ".join(
        _key(key) + write_parameters(member.parameters)
        if isinstance(member, Item) and member.value is True
        else f"{_key(key)}={write_member(member)}"
        for key, member in members.items()
    )


def write_list(members: tuple[Member, ...]) -> str:
    """Write a List (RFC 9651 section 4.1.1)."""
    return ", ".join(write_member(member) for member in members)


def write_member(member: Member) -> str:
    """Write an Item or an Inner List with its parameters (RFC 9651 sections 4.1.1.1 and 4.1.3)."""
    if isinstance(member, InnerList):
        body = "(" + " ".join(write_member(item) for item in member.items) + ")"
    else:
        body = write_bare(member.value)
    return body + write_parameters(member.parameters)


def write_parameters(parameters: Parameters) -> str:
    """Write parameters in their order (RFC 9651 section 4.1.1.2)."""
    return "".join(
        f";{_key(name)}" if value is True else f";{_key(name)}={write_bare(value)}" for name, value in parameters
    )


def write_bare(value: Bare) -> str:
    """Write one bare value (RFC 9651 section 4.1.3.1); raises FieldError for what the grammar cannot hold."""
    if isinstance(value, bool):
        return f"?{int(value)}"
    if isinstance(value, int):
        if abs(value) >= 10**_DIGITS_MAX:
            raise FieldError("an integer has more than 15 digits")
        return f"@{int(value)}" if isinstance(value, Date) else str(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode()}:"
    if isinstance(value, Token):
        return _whole(_TOKEN, value, "a token")
    return _whole(_STRING, '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"', "a string of printable ASCII")


def _key(text: str) -> str:
    return _whole(_KEY, text, "a key")


def _whole(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise FieldError(f"expected {what}")
    return str(text)


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise FieldError("a decimal is not a number")
    rounded = value.quantize(Decimal("0.001"), rounding=ROUND_HALF_EVEN)
    if abs(rounded) >= 10**_WHOLE_MAX:
        raise FieldError("a decimal has more than 12 digits before the point")
    whole, _, fraction = f"{rounded:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


class _Scanner:
    """Walks a field's text from left to right; every step takes what it expects or raises FieldError."""

    __slots__ = ("_at", "_text")

    def __init__(self, text: str) -> None:
        self._text = text.strip(" ")
        self._at = 0

    def is_done(self) -> bool:
        return self._at == len(self._text)

    def error(self, expected: str) -> FieldError:
        return FieldError(f"expected {expected} at character {self._at}")

    def skip(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def take(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self.error(expected)
        self._at = found.end()
        return found

    def separator(self) -> None:
        if self.is_done():
            return
        self.take(_COMMA, "a comma")
        if self.is_done():
            raise self.error("a member after the comma")

    def member(self) -> Member:
        if not self.skip("("):
            return self.item()
        items: list[Item] = []
        while True:
            spaces = self.take(_SPACES, "spaces")[0]
            if self.skip(")"):
                return InnerList(tuple(items), self.parameters())
            if items and not spaces:
                raise self.error("a space or a closing parenthesis")
            items.append(self.item())

    def item(self) -> Item:
        return Item(self.bare(), self.parameters())

    def parameters(self) -> Parameters:
        found: dict[str, Bare] = {}
        while self.skip(";"):
            self.take(_SPACES, "spaces")
            name = self.take(_KEY, "a parameter's name")[0]
            if name in found:
                raise FieldError(f"the parameter {name!r} comes twice")
            found[name] = self.bare() if self.skip("=") else True
        return tuple(found.items())

    def bare(self) -> Bare:
        lead = self._text[self._at : self._at + 1]
        if lead == '"':
            return _ESCAPE.sub(r"\1", self.take(_STRING, "a string")[1])
        if lead == ":":
            return decode_bytes(self.take(_BYTES, "a byte sequence")[1])
        if lead == "?":
            return self.take(_BOOLEAN, "?0 or ?1")[1] == "1"
        if self.skip("@"):
            number = self.number()
            if not isinstance(number, int):
                raise self.error("a whole number of seconds")
            return Date(number)
        if lead == "-" or lead.isdecimal():
            return self.number()
        return Token(self.take(_TOKEN, "a value")[0])

    def number(self) -> int | Decimal:
        sign, whole, fraction = self.take(_NUMBER, "a number").groups()
        if len(whole) > (_DIGITS_MAX if fraction is None else _WHOLE_MAX) or self._text.startswith(".", self._at):
            raise self.error("a number of at most 15 digits")
        return int(sign + whole) if fraction is None else Decimal(f"{sign}{whole}.{fraction}")
