"""Schemes of identifiers that people carry from one owner to another: each with one canonical text for one person.

A scheme is a name and a function that returns the canonical text, or None where the text is no identifier of the scheme.
A new scheme is one line in `_SCHEMES` and one name in `IdentifierScheme`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, Literal, TypeGuard

IdentifierScheme = Literal["cn-resident-id", "cn-passport", "cn-mobile"]

_RESIDENT = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_RESIDENT_15 = re.compile(r"[1-9][0-9]{14}", re.ASCII)
_CENTENARIANS = frozenset({"996", "997", "998", "999"})
_WEIGHTS: Final = tuple(pow(2, 17 - position, 11) for position in range(17))
_CHECKS: Final = "10X98765432"
_PASSPORT = re.compile(r"(?:[A-Z][0-9A-Z]|1[45])[0-9]{7}", re.ASCII)
_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})", re.ASCII)


def check_character(first17: str) -> str:
    """The check character of the first 17 digits of a resident's number (GB 11643-1999: ISO 7064, MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def birth_date(resident_id: str) -> date | None:
    """The date of birth in a resident's number of 18 characters; None where there is no such day."""
    try:
        return date(int(resident_id[6:10]), int(resident_id[10:12]), int(resident_id[12:14]))
    except ValueError:
        return None


def _resident_id(text: str) -> str | None:
    """A citizen's number (GB 11643-1999): 18 characters. One of 15 digits gets its century and check character.

    The sequence numbers 996 to 999 of 15 digits belong to people born before 1900, whose century is not in the number;
    those are refused.
    """
    number = text.strip().upper()
    if _RESIDENT_15.fullmatch(number):
        if number[12:] in _CENTENARIANS:
            return None
        first17 = f"{number[:6]}19{number[6:]}"
        number = first17 + check_character(first17)
    if not _RESIDENT.fullmatch(number) or check_character(number[:17]) != number[17] or birth_date(number) is None:
        return None
    return number


def _passport(text: str) -> str | None:
    """The number of a Chinese passport: 9 characters, in capital letters."""
    number = text.strip().upper()
    return number if _PASSPORT.fullmatch(number) else None


def _mobile(text: str) -> str | None:
    """The number of a Chinese mobile telephone: 11 digits without the country's prefix (E.164: +86)."""
    match = _MOBILE.fullmatch(re.sub(r"[ \-]", "", text))
    return match[1] if match else None


_SCHEMES: Final[Mapping[str, Callable[[str], str | None]]] = {
    "cn-resident-id": _resident_id,
    "cn-passport": _passport,
    "cn-mobile": _mobile,
}
EXPECTED: Final[Mapping[str, str]] = {
    "cn-resident-id": "a resident's number of 18 characters (or 15 digits) whose date and check character are valid",
    "cn-passport": "a passport's number: a capital letter and 8 digits, or two letters and 7 digits",
    "cn-mobile": "a mobile telephone's number of 11 digits",
}
"""What a person has to type, by scheme."""


def spellings(scheme: IdentifierScheme, text: str) -> tuple[str, ...]:
    """The ways in which data writes an identifier that is given in canonical text, that one first.

    Spaces and hyphens elsewhere than where they are usual are not among them.
    """
    match scheme:
        case "cn-resident-id":
            ways = [text, text.lower()]
            if text[6:8] == "19" and text[14:17] not in _CENTENARIANS:
                ways.append(text[:6] + text[8:17])
        case "cn-passport":
            ways = [text, text.lower()]
        case "cn-mobile":
            forms = [text, f"{text[:3]} {text[3:7]} {text[7:]}", f"{text[:3]}-{text[3:7]}-{text[7:]}"]
            prefixes = ("", "+86", "86", "0086", "+86 ", "86 ", "0086 ", "+86-", "86-", "0086-")
            ways = [prefix + form for form in forms for prefix in prefixes]
    return tuple(dict.fromkeys(ways))


def is_declared(scheme: str) -> TypeGuard[IdentifierScheme]:
    """Whether a scheme is one of these, and not an owner's field."""
    return scheme in _SCHEMES


def canonical(scheme: IdentifierScheme, text: str) -> str | None:
    """The canonical text of an identifier: the same for every way to write it. None for anything else."""
    return _SCHEMES[scheme](text)
