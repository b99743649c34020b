"""JSON as a table: one object a line (JSON Lines, NDJSON), or one array of objects.

Columns are the keys in the order they first appear. Text in JSON is text even when it looks like a number; what is
nested is kept as its JSON.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

import orjson

from adapters.contract import Note, SourceError
from adapters.files.deadline import Deadline
from adapters.files.grid import CellKind, Grid, batches_of
from adapters.files.infer.layout import clean_name
from adapters.files.infer.missing import MISSING
from adapters.files.options import MAX_CELL, MAX_COLUMNS
from adapters.files.read.encoding import TextFile

_MAX_ARRAY: Final = 256 * 2**20
_NEXT: Final = re.compile(r"[\s,]*")
_CHECKED_EVERY: Final = 10_000  # lines
_KINDS: Final[dict[type, CellKind]] = {
    str: CellKind.TEXT,
    int: CellKind.NUMBER,
    float: CellKind.NUMBER,
    bool: CellKind.BOOLEAN,
    list: CellKind.TEXT,
    dict: CellKind.TEXT,
}


def is_json(text: TextFile) -> bool:
    """Whether a text file holds JSON objects rather than a table of cells."""
    start = next((chunk.lstrip() for chunk in text.chunks() if chunk.strip()), "")
    return start.startswith("{") or (start.startswith("[") and start[1:].lstrip()[:1] in ("{", "]", "["))


def read_json(text: TextFile, deadline: Deadline) -> Grid:
    """The table; SourceError row-malformed with the line, file-empty, too-large. All of it is read twice."""
    names: dict[str, None] = {}
    kinds: dict[str, CellKind] = {}
    nested: dict[str, None] = {}
    for _, record in _records(text, deadline, is_first=True):
        for name, value in record.items():
            if value is not None and not (isinstance(value, str) and value.strip() in MISSING):
                kinds[name] = kinds.get(name, CellKind.NONE) | _KINDS[type(value)]
            if isinstance(value, list | dict):
                nested[name] = None
            names.setdefault(name)
        if len(names) > MAX_COLUMNS:
            raise SourceError("too-large", f"the objects have more than {MAX_COLUMNS} different keys")
    if not names:
        raise SourceError("file-empty", "there are no objects, or none has a key")
    cleaned = [clean_name(name) or f"column_{index + 1}" for index, name in enumerate(names)]
    if len(set(cleaned)) != len(cleaned):
        raise SourceError("header-missing", "two keys differ only in characters that cannot be shown")
    notes = [Note("kept-as-text", "what is nested is delivered as JSON text", ", ".join(nested))] if nested else []
    rows = ((number, [_text(record.get(name)) for name in names]) for number, record in _records(text, deadline))
    return Grid(
        cleaned,
        batches_of(rows, len(names)),
        kinds=[kinds.get(name, CellKind.NONE) for name in names],
        notes=list(notes),
        is_sheet=False,
    )


def _records(text: TextFile, deadline: Deadline, *, is_first: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with its number: of its line, or of its place in the array."""
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
            if is_first and line.count(":") != len(record):  # else each member has its colon
                _check_members(line, 0, f"line {number}")
            yield number, record


def _array(pieces: Iterable[str], deadline: Deadline, *, is_first: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    content = "".join(islice(pieces, _MAX_ARRAY // 2**20 + 1))
    if len(content) > _MAX_ARRAY:
        raise SourceError("too-large", "an array of this size is not read; write one object a line (JSON Lines)")
    try:
        records = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise SourceError("row-malformed", "the JSON is not complete or not valid", f"line {error.lineno}") from None
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise SourceError("row-malformed", "an array of objects is needed", f"element {number}")
    if is_first and content.count(":") != sum(map(len, records)):
        place = content.index("[") + 1
        for number in range(1, len(records) + 1):
            deadline.check()
            place = _check_members(content, place, f"element {number}")
    yield from enumerate(records, 1)


def _check_members(content: str, place: int, where: str) -> int:
    """The end of the JSON that begins at a place; SourceError row-malformed where an object has two members of a name.

    Which of the two counts would be this reader's choice, and another's could differ (RFC 8259 section 4).
    """
    try:
        _, end = _TWINLESS.raw_decode(content, _NEXT.match(content, place).end())  # type: ignore[union-attr]
    except _TwinsError:
        raise SourceError("row-malformed", "an object has two members of one name", where) from None
    except (ValueError, RecursionError):
        raise SourceError("row-malformed", "the JSON is not valid, or nested too deeply", where) from None
    return end


class _TwinsError(Exception):
    """An object has two members of one name."""


def _without_twins(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) != len(members):
        raise _TwinsError


_TWINLESS: Final = json.JSONDecoder(object_pairs_hook=_without_twins)


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise SourceError("row-malformed", "the line is not valid JSON", where) from None
    if not isinstance(record, dict):
        raise SourceError("row-malformed", "each line is one JSON object", where)
    return record


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return orjson.dumps(value).decode()
    return repr(value)
