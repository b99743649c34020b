r"""Conditions as text that owners write: `city_code = '330100' and year >= 2020 and not status in ('x', 'y')`.

Text becomes a condition and nothing else: no part of it is ever part of a query's text. The whole language:

    condition   any of: comparison · not condition · condition and condition · condition or condition · (condition)
                all(condition, …) · any(condition, …), which also join one condition or none
    comparison  field = value, and with != < <= > >= · field in (value, …) · field not in (value, …)
                field starts with 'text' · field is null · field is not null
    field       city_code, or in double quotes any name: "姓名"
    value       'text' · 2020 · 1.5 · true · false; a date or time is text: '2024-03-31'

`not` binds closer than `and`, `and` closer than `or`. Inside quotes, the quote itself is doubled, `\\` is a backslash and
`\u{202e}` a character by its number, the only way to write an invisible one. Outside quotes everything is ASCII, so no
character passes for another. Keywords may be in capitals; a field with the name of one is quoted.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NoReturn

from adapters.plan.condition import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_VALUES,
    All_,
    Any_,
    Comparison,
    Condition,
    Not_,
    Op,
    PlanError,
    condition_to_json,
)
from adapters.plan.masks import INT64_MAX, FieldType
from adapters.plan.plan import MAX_DIGITS, check_condition

MAX_LENGTH: Final = 20_000
"""The most characters of a text."""

_MAX_NESTING: Final = 4 * MAX_DEPTH  # parentheses and `not` in each other: not all are levels of the condition
_SIGNS: Final[dict[str, Op]] = {"=": "eq", "!=": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_PRINTED: Final = {op: sign for sign, op in _SIGNS.items()}
_WORDS: Final = frozenset(["and", "or", "not", "in", "is", "null", "true", "false", "starts", "with", "all", "any"])
_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.]))"
    r"|(?P<sign><=|>=|!=|[=<>(),])|(?P<quote>['\"])"
)
_ESCAPE: Final = re.compile(r"\\(?:\\|u\{([0-9a-f]{1,6})\})")
_INVISIBLE: Final = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOP_OF_UNICODE: Final = 0x10FFFF


class ConditionTextError(ValueError):
    """Text that is no condition. `position` counts characters from 1, `reason` is a sentence without a value of the text."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"character {position}: {reason}")
        self.position = position
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Token:
    """A token: its kind (word, field, text, number, sign, end), its value, and the position where it begins."""

    kind: str
    value: Any
    at: int


def condition_from_text(text: str, types: Mapping[str, FieldType] | None = None) -> Condition:
    """Read a condition. With `types` of the fields, check it too, and convert its values as `check_condition` does.

    Raises ConditionTextError with the position of the first wrong character.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionTextError(MAX_LENGTH + 1, f"a condition has at most {MAX_LENGTH} characters")
    return _Reader(_tokenise(text), types).read()


def condition_to_text(condition: Condition) -> str:
    """Print a condition, typed values as text. `condition_from_text` reads it back."""
    return _print(condition)


# Printing -------------------------------------------------------------------------------------------------------------


def _print(condition: Condition) -> str:
    match condition:
        case Comparison():
            return _print_comparison(condition)
        case Not_(part):
            return f"not {_print_part(part)}"
        case All_((_, _, *_) as parts):
            return " and ".join(_print_part(part) for part in parts)
        case Any_((_, _, *_) as parts):
            return " or ".join(_print_part(part) for part in parts)
        case All_(parts):
            return f"all({''.join(map(_print, parts))})"
        case Any_(parts):
            return f"any({''.join(map(_print, parts))})"


def _print_part(part: Condition) -> str:
    """Print a part of a condition, in parentheses where it has several parts."""
    is_several = isinstance(part, All_ | Any_) and len(part.conditions) > 1
    return f"({_print(part)})" if is_several else _print(part)


def _print_comparison(comparison: Comparison) -> str:
    plain = condition_to_json(comparison)
    field, op, value = plain["field"], comparison.op, plain["value"]
    is_bare = _BARE.fullmatch(field) and field.lower() not in _WORDS
    name = field if is_bare else _quote(field, '"')
    match op:
        case "is_null":
            return f"{name} is null" if value else f"{name} is not null"
        case "in" | "not_in":
            return f"{name} {op.replace('_', ' ')} ({', '.join(map(_print_value, value))})"
        case "prefix":
            return f"{name} starts with {_print_value(value)}"
        case _:
            return f"{name} {_PRINTED[op]} {_print_value(value)}"


def _print_value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return format(Decimal(repr(value)), "f")
        case date():
            return _quote(value.isoformat(), "'")
        case _:
            return _quote(value, "'")


def _quote(text: str, quote: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(quote, quote * 2)
    return quote + _INVISIBLE.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", escaped) + quote


# Reading --------------------------------------------------------------------------------------------------------------


def _tokenise(text: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            _refuse_character(text, at)
        match token.lastgroup:
            case "quote":
                content, end = _read_quoted(text, at)
                tokens.append(_Token("text" if text[at] == "'" else "field", content, at + 1))
                at = end
                continue
            case "word":
                word = token[0].lower()
                tokens.append(_Token("word", word, at + 1) if word in _WORDS else _Token("field", token[0], at + 1))
            case "number":
                tokens.append(_Token("number", _read_number(token[0], at + 1), at + 1))
            case "sign":
                tokens.append(_Token("sign", token[0], at + 1))
        at = token.end()
    return [*tokens, _Token("end", None, len(text) + 1)]


def _refuse_character(text: str, at: int) -> NoReturn:
    character = text[at]
    if character.isascii() and character.isprintable():
        raise ConditionTextError(at + 1, "this does not belong here")
    quotes = (
        """; a field's name is written in double quotes ("学校"), a text in single ones"""
        if character.isalpha()
        else ""
    )
    raise ConditionTextError(at + 1, f"U+{ord(character):04X} is outside quotes, where everything is ASCII{quotes}")


def _read_quoted(text: str, begin: int) -> tuple[str, int]:
    """The content of the quotes that begin here, and the index after them."""
    quote, at = text[begin], begin + 1
    parts: list[str] = []
    while at < len(text):
        character = text[at]
        if character == quote:
            if text[at + 1 : at + 2] != quote:
                return "".join(parts), at + 1
            parts.append(quote)
            at += 2
        elif character == "\\":
            escape = _ESCAPE.match(text, at)
            if escape is None:
                raise ConditionTextError(at + 1, "a backslash is followed by another, or by u{…}")
            parts.append("\\" if escape[1] is None else _read_character(escape[1], at + 1))
            at = escape.end()
        elif _INVISIBLE.match(character):
            raise ConditionTextError(at + 1, f"U+{ord(character):04X} is invisible; it is written \\u{{…}}")
        else:
            parts.append(character)
            at += 1
    raise ConditionTextError(begin + 1, "these quotes are never closed")


def _read_character(digits: str, position: int) -> str:
    number = int(digits, 16)
    if number > _TOP_OF_UNICODE or number == 0 or 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004 - surrogates
        raise ConditionTextError(position, "no character has this number")
    return chr(number)


def _read_number(digits: str, position: int) -> int | Decimal:
    whole, _, fraction = digits.partition(".")
    unsigned = whole.removeprefix("-")
    if (len(unsigned) > 1 and unsigned[0] == "0") or digits == "-0":
        raise ConditionTextError(position, "a number has no zeros in front")
    if len(unsigned) + len(fraction) > MAX_DIGITS:
        raise ConditionTextError(position, f"a number has at most {MAX_DIGITS} digits")
    if fraction:
        return Decimal(digits)
    if not -INT64_MAX - 1 <= int(whole) <= INT64_MAX:
        raise ConditionTextError(position, "an integer has 64 bits")
    return int(whole)


class _Reader:
    """A recursive descent parser. Each method returns a condition and its levels, counted upwards from the leaves."""

    def __init__(self, tokens: list[_Token], types: Mapping[str, FieldType] | None) -> None:
        self._tokens = tokens
        self._types = types
        self._next = 0
        self._nodes = 0
        self._values = 0
        self._nesting = 0

    def read(self) -> Condition:
        condition, _ = self._read_or()
        if self._here.kind != "end":
            raise ConditionTextError(self._here.at, "`and`, `or` or the end is needed")
        return condition

    @property
    def _here(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, kind: str, *values: str) -> _Token | None:
        """Consume the next token if it has the kind and one of the values."""
        token = self._here
        if token.kind != kind or (values and token.value not in values):
            return None
        self._next += 1
        return token

    def _expect(self, title: str, kind: str, *values: str) -> _Token:
        token = self._take(kind, *values)
        if token is None:
            raise ConditionTextError(self._here.at, f"{title} is needed")
        return token

    def _count(self, condition: Condition, level: int, at: int) -> tuple[Condition, int]:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ConditionTextError(at, f"a condition has at most {MAX_NODES} parts")
        if level > MAX_DEPTH:
            raise ConditionTextError(at, f"a condition has at most {MAX_DEPTH} levels")
        return condition, level

    def _read_or(self) -> tuple[Condition, int]:
        return self._read_series("or", self._read_and, Any_)

    def _read_and(self) -> tuple[Condition, int]:
        return self._read_series("and", self._read_part, All_)

    def _read_series(
        self, word: str, read: Callable[[], tuple[Condition, int]], join: type[All_ | Any_]
    ) -> tuple[Condition, int]:
        at = self._here.at
        parts = [read()]
        while self._take("word", word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else self._join(join, parts, at)

    def _join(self, join: type[All_ | Any_], parts: list[tuple[Condition, int]], at: int) -> tuple[Condition, int]:
        level = 1 + max((level for _, level in parts), default=0)
        return self._count(join(tuple(part for part, _ in parts)), level, at)

    def _read_part(self) -> tuple[Condition, int]:
        self._nesting += 1
        token = self._here
        if self._nesting > _MAX_NESTING:
            raise ConditionTextError(token.at, f"at most {_MAX_NESTING} parentheses and `not` stand in each other")
        try:
            if self._take("word", "not"):
                part, level = self._read_part()
                return self._count(Not_(part), level + 1, token.at)
            if self._take("sign", "("):
                inside = self._read_or()
                self._expect("`)`", "sign", ")")
                return inside
            if self._take("word", "all", "any"):
                return self._read_listed(token)
            return self._count(self._read_comparison(), 1, token.at)
        finally:
            self._nesting -= 1

    def _read_listed(self, word: _Token) -> tuple[Condition, int]:
        self._expect("`(`", "sign", "(")
        parts: list[tuple[Condition, int]] = []
        while not self._take("sign", ")"):
            if parts:
                self._expect("`,` or `)`", "sign", ",")
            parts.append(self._read_or())
        return self._join(All_ if word.value == "all" else Any_, parts, word.at)

    def _read_comparison(self) -> Condition:
        field = self._expect("a field", "field")
        operator = self._here
        values: list[_Token] = []
        comparison = self._read_operator(field.value, values)
        if self._types is None:
            return comparison
        try:
            return check_condition(comparison, self._types)
        except PlanError as error:
            _, part, *index = error.pointer.removeprefix("/where").split("/")
            token = {"field": field, "op": operator}.get(part) or values[int(index[0]) if index else 0]
            raise ConditionTextError(token.at, error.reason) from None

    def _read_operator(self, field: str, values: list[_Token]) -> Comparison:
        """Read the operator and the constant after a field. The tokens of the constant are appended to `values`."""
        if self._take("word", "is"):
            is_negated = self._take("word", "not") is not None
            self._expect("`null`", "word", "null")
            return Comparison(field, "is_null", not is_negated)
        if self._take("word", "starts"):
            self._expect("`with`", "word", "with")
            values.append(self._expect("text in single quotes", "text"))
            return Comparison(field, "prefix", values[0].value)
        if self._take("word", "not"):
            self._expect("`in`", "word", "in")
            return Comparison(field, "not_in", self._read_list(values))
        if self._take("word", "in"):
            return Comparison(field, "in", self._read_list(values))
        sign = self._expect("one of = != < <= > >=, `in`, `not in`, `starts with` or `is`", "sign", *_SIGNS)
        values.append(self._read_value())
        return Comparison(field, _SIGNS[sign.value], _constant(values[0]))

    def _read_list(self, values: list[_Token]) -> tuple[Any, ...]:
        self._expect("`(`", "sign", "(")
        while not self._take("sign", ")"):
            if values:
                self._expect("`,` or `)`", "sign", ",")
            values.append(self._read_value())
            self._values += 1
            if self._values > MAX_VALUES:
                raise ConditionTextError(values[-1].at, f"a condition lists at most {MAX_VALUES} values")
        return tuple(_constant(value) for value in values)

    def _read_value(self) -> _Token:
        for kind, words in (("text", ()), ("number", ()), ("word", ("true", "false"))):
            token = self._take(kind, *words)
            if token is not None:
                return token
        raise ConditionTextError(self._here.at, "a value is needed: text in single quotes, a number, true or false")


def _constant(token: _Token) -> Any:
    return token.value == "true" if token.kind == "word" else token.value
