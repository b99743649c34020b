"""Structured fields (RFC 9651), read with http-sf and more strictly than the RFC demands.

The RFC lets a later duplicate key replace an earlier one, and lets base64 have loose spellings. Two readers that resolve
such a field differently could see two different signatures, so both are errors here. So are Display Strings, which no
field of this exchange uses. What http-sf returns becomes immutable values, in which a component can be compared.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

import http_sf


class FieldError(ValueError):
    """A text is not the structured field it should be. The message has a position, but nothing of the text."""


class Token(str):
    """A bare word such as `gzip`, as opposed to the string `"gzip"`."""

    __slots__ = ()


class Date(int):
    """Seconds since 1970-01-01, written `@1659578233`."""

    __slots__ = ()


Bare = bool | int | Decimal | str | bytes
Parameters = tuple[tuple[str, Bare], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One bare value with its parameters, in their order."""

    value: Bare
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True)
class InnerList:
    """A list in parentheses, with the parameters that follow it."""

    items: tuple[Item, ...]
    parameters: Parameters = ()


Member = Item | InnerList

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# The alternatives in a text that http-sf has read: strings and tokens, whose colons are their own, and byte sequences.
_LEXEME: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z*][A-Za-z0-9!#$%&\'*+.^_`|~:/-]*|:([A-Za-z0-9+/=]*):')


def parse_dictionary(text: str) -> dict[str, Member]:
    """Read a Dictionary (RFC 9651 section 4.2.2). Raises FieldError, also for a duplicate key."""
    return {key: _member(member) for key, member in _parse(text, "dictionary").items()}


def parse_list(text: str) -> tuple[Member, ...]:
    """Read a List (RFC 9651 section 4.2.1). Raises FieldError."""
    return tuple(_member(member) for member in _parse(text, "list"))


def parse_item(text: str) -> Item:
    """Read an Item (RFC 9651 section 4.2.3). Raises FieldError."""
    return _item(_parse(text, "item"))


def parse_inner_list(text: str) -> InnerList:
    """Read one Inner List with its parameters (RFC 9651 section 4.2.1.2). Raises FieldError."""
    members = parse_list(text)
    if len(members) != 1 or not isinstance(members[0], InnerList):
        raise FieldError("expected one list in parentheses")
    return members[0]


def decode_bytes(text: str) -> bytes:
    """Decode base64 in its one canonical spelling: padded, without stray bits. Raises FieldError."""
    try:
        value = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise FieldError("a byte sequence is not base64") from error
    if base64.b64encode(value).decode() != text:
        raise FieldError("a byte sequence is not canonical base64")
    return value


def write_dictionary(members: Mapping[str, Member]) -> str:
    """Write a Dictionary (RFC 9651 section 4.1.2). Raises FieldError for what the grammar cannot express."""
    return _write({key: _plain(member) for key, member in members.items()}) if members else ""


def write_list(members: tuple[Member, ...]) -> str:
    """Write a List (RFC 9651 section 4.1.1). Raises FieldError for what the grammar cannot express."""
    return _write([_plain(member) for member in members]) if members else ""


def write_member(member: Member) -> str:
    """Write an Item or an Inner List (RFC 9651 sections 4.1.3 and 4.1.1.1). Raises FieldError as above."""
    return _write(_plain(member) if isinstance(member, Item) else [_plain(member)])


def write_parameters(parameters: Parameters) -> str:
    """Write parameters in their order (RFC 9651 section 4.1.1.2). Raises FieldError as above."""
    return _write((True, _plain_parameters(parameters))).removeprefix("?1")


def write_bare(value: Bare) -> str:
    """Write a bare value (RFC 9651 section 4.1.3.1). Raises FieldError as above."""
    return _write(_plain_bare(value))


def _parse(text: str, kind: Literal["dictionary", "list", "item"]) -> Any:
    try:
        parsed = http_sf.parse(text.encode("ascii"), tltype=kind, on_duplicate_key=_refuse_duplicate)
    except UnicodeEncodeError as error:
        raise FieldError(f"expected ASCII at character {error.start}") from None
    except http_sf.StructuredFieldError as error:
        # Its message quotes the text.
        raise FieldError(f"not a structured field from character {error.position} on") from None
    if ":" in text:
        for encoded in _LEXEME.findall(text):
            if encoded:
                decode_bytes(encoded)
    return parsed


def _refuse_duplicate(_key: str, container: str) -> None:
    raise FieldError(f"a key of a {container} comes twice")


def _member(parsed: Any) -> Member:
    value, parameters = parsed
    if type(value) is list:
        return InnerList(tuple(_item(item) for item in value), _parameters(parameters))
    return Item(_bare(value), _parameters(parameters))


def _item(parsed: Any) -> Item:
    value, parameters = parsed
    return Item(_bare(value), _parameters(parameters))


def _parameters(parsed: dict[str, Any]) -> Parameters:
    return tuple((name, _bare(value)) for name, value in parsed.items()) if parsed else ()


def _bare(parsed: Any) -> Bare:
    if type(parsed) in {str, int, bool, bytes, Decimal}:
        return parsed  # type: ignore[no-any-return]
    if isinstance(parsed, http_sf.Token):
        return Token(parsed.data)
    if isinstance(parsed, datetime):
        return Date((parsed - _EPOCH) // timedelta(seconds=1))
    raise FieldError("a Display String is not expected")


def _write(structure: Any) -> str:
    try:
        return http_sf.ser(structure)
    except (ValueError, TypeError, OverflowError):
        raise FieldError("a value that the grammar of structured fields cannot express") from None


def _plain(member: Member) -> Any:
    if isinstance(member, Item):
        return _plain_bare(member.value), _plain_parameters(member.parameters)
    return [_plain(item) for item in member.items], _plain_parameters(member.parameters)


def _plain_parameters(parameters: Parameters) -> dict[str, Any]:
    return {name: _plain_bare(value) for name, value in parameters}


def _plain_bare(value: Bare) -> Any:
    if isinstance(value, Token):
        return http_sf.Token(value)
    if isinstance(value, Date):
        try:
            return _EPOCH + timedelta(seconds=value)
        except OverflowError:
            raise FieldError("a date is out of range") from None
    return value
