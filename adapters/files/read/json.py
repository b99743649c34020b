"""Read JSON as a table: one object per line (JSON Lines, NDJSON), or one array of objects.

Columns are the keys in the order of their first occurrence. Text stays text even if it looks like a number; nested values
become JSON text.
"""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain, islice
from typing import Any, Final

import orjson

from adapters.contract import Note, SourceError
from adapters.files.deadline import Deadline
from adapters.files.grid import CellKind, Grid, make_batches
from adapters.files.infer.layout import name_columns
from adapters.files.infer.missing import MISSING
from adapters.files.options import MAX_CELL, MAX_COLUMNS
from adapters.files.read.encoding import TextFile

_MAX_ARRAY: Final = 256 * 2**20
_NEXT: Final = re.compile(r"[\s,]*")
_CHECKED_EVERY: Final = 10_000  # lines
_LONGEST_INTEGER: Final = 19  # digits that 64 bits always hold, and one
_LONG_NUMBER: Final = re.compile(r"[0-9][0-9.]{15}")  # perhaps more digits than a double or 64 bits have


class _Number:
    """A number as it is written, since it has more digits than Python's float, or than 64 bits."""

    def __init__(self, text: str) -> None:
        self.text = text


_KINDS: Final[dict[type, CellKind]] = {
    _Number: CellKind.NUMBER,
    str: CellKind.TEXT,
    int: CellKind.NUMBER,
    float: CellKind.NUMBER,
    bool: CellKind.BOOLEAN,
    list: CellKind.TEXT,
    dict: CellKind.TEXT,
}


def is_json(text: TextFile) -> bool:
    """Whether a text file holds JSON objects."""
    start = _first_chunk(text)
    return start.startswith("{") or (start.startswith("[") and start[1:].lstrip()[:1] in ("{", "]", "["))


def _first_chunk(text: TextFile) -> str:
    return next((chunk.lstrip() for chunk in text.chunks() if chunk.strip()), "")


def read_json(text: TextFile, deadline: Deadline) -> Grid:
    """The table. The file is read twice.

    Raises SourceError row-malformed with the line, file-empty, header-missing, too-large.
    """
    names: dict[str, None] = {}
    kinds: dict[str, CellKind] = {}
    nested: dict[str, None] = {}
    noun = "element" if _first_chunk(text).startswith("[") else "line"
    for number, record in _records(text, deadline, is_first=True):
        for name, value in record.items():
            if value is not None and not (isinstance(value, str) and value.strip() in MISSING):
                kinds[name] = kinds.get(name, CellKind.NONE) | _KINDS[type(value)]
            if isinstance(value, list | dict):
                _check_depth(value, f"{noun} {number}")
                nested[name] = None
            names.setdefault(name)
        if len(names) > MAX_COLUMNS:
            raise SourceError("too-large", f"the objects have more than {MAX_COLUMNS} different keys")
    if not names:
        raise SourceError("file-empty", "the file has no objects, or none has a key")
    cleaned, notes = name_columns(list(names))
    if nested:
        notes.append(Note("kept-as-text", "nested values are delivered as JSON text", ", ".join(nested)))
    rows = ((number, [_text(record.get(name)) for name in names]) for number, record in _records(text, deadline))
    return Grid(
        cleaned,
        make_batches(rows, len(names)),
        kinds=[kinds.get(name, CellKind.NONE) for name in names],
        notes=notes,
        is_sheet=False,
    )


def _records(text: TextFile, deadline: Deadline, *, is_first: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with its number: its line, or its position in the array. `is_first` checks for duplicate keys."""
    pieces = (chunk for chunk in text.chunks())
    first = next((chunk for chunk in pieces if chunk.strip()), "")
    if first.lstrip().startswith("["):
        yield from _array(chain([first], pieces), deadline, is_first=is_first)
        return
    with text.path.open(encoding=text.encoding) as file:
        for number, line in enumerate(file, 1):
            if number % _CHECKED_EVERY == 0:
                deadline.check()
            if not line.strip():
                continue
            if len(line) > 16 * MAX_CELL:
                raise SourceError("too-large", "a line has more than 16 million characters", f"line {number}")
            record = _object(line, f"line {number}")
            if is_first and line.count(":") != len(record):  # else every colon belongs to a key
                _check_keys(line, 0, f"line {number}")
            yield number, record


def _array(pieces: Iterable[str], deadline: Deadline, *, is_first: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    content = "".join(islice(pieces, _MAX_ARRAY // 2**20 + 1))
    if len(content) > _MAX_ARRAY:
        raise SourceError("too-large", "the array is too large; write one object per line (JSON Lines)")
    try:
        records = _parse(content)
    except orjson.JSONDecodeError as error:
        raise SourceError("row-malformed", "the JSON is incomplete or not valid", f"line {error.lineno}") from None
    except RecursionError:
        raise SourceError("row-malformed", "the JSON is nested too deeply") from None
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise SourceError("row-malformed", "an array of objects is needed", f"element {number}")
    if is_first and content.count(":") != sum(map(len, records)):
        begin = content.index("[") + 1
        for number in range(1, len(records) + 1):
            deadline.check()
            begin = _check_keys(content, begin, f"element {number}")
    yield from enumerate(records, 1)


def _check_keys(content: str, begin: int, where: str) -> int:
    """Raise SourceError row-malformed for duplicate keys in the JSON at an index; return the index of its end.

    Parsers differ in which of two values they take (RFC 8259 section 4).
    """
    try:
        _, end = _STRICT.raw_decode(content, _NEXT.match(content, begin).end())  # type: ignore[union-attr]
    except _DuplicateKeyError:
        raise SourceError("row-malformed", "an object has duplicate keys", where) from None
    except (ValueError, RecursionError):
        raise SourceError("row-malformed", "the JSON is not valid, or nested too deeply", where) from None
    return end


class _DuplicateKeyError(Exception):
    """An object has duplicate keys."""


def _refuse_duplicates(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) != len(members):
        raise _DuplicateKeyError


_STRICT: Final = json.JSONDecoder(object_pairs_hook=_refuse_duplicates)


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        record = _parse(line)
    except orjson.JSONDecodeError:
        raise SourceError("row-malformed", "the line is not valid JSON", where) from None
    except RecursionError:
        raise SourceError("row-malformed", "the JSON is nested too deeply", where) from None
    if not isinstance(record, dict):
        raise SourceError("row-malformed", "each line is one JSON object", where)
    return record


def _parse(content: str) -> Any:
    """Parse JSON; numbers that Python cannot hold exactly are `_Number`. Raises orjson.JSONDecodeError."""
    value = orjson.loads(content)
    return json.loads(content, parse_int=_integer, parse_float=_float) if _LONG_NUMBER.search(content) else value


def _integer(text: str) -> int | _Number:
    return int(text) if len(text) < _LONGEST_INTEGER else _Number(text)


def _float(text: str) -> float | _Number:
    number = float(text)
    return number if Decimal(repr(number)) == Decimal(text) else _Number(text)


def _check_depth(value: Any, where: str) -> None:
    try:
        _dump(value)
    except TypeError:
        raise SourceError("row-malformed", "the JSON is nested too deeply", where) from None


def _dump(value: Any) -> str:
    return orjson.dumps(value, default=_literal).decode()


def _literal(value: Any) -> orjson.Fragment:
    return orjson.Fragment(value.text)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return _dump(value)
        case _Number():
            return value.text
    return repr(value)
