"""Examine the XML of a sheet (.xlsx) for what the parser does not give: hidden parts, errors, formulas without a value.

Programs write formulas without a value, and a spreadsheet program calculates them when a person opens the workbook. To the
parser these cells are empty, as cells with errors are.

The XML is read in pieces that end with a row, and examined with regular expressions only where a piece has their words: a
sheet has millions of elements.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final
from zipfile import ZipFile

from adapters.files.workbook.facts import SheetFacts, column_index

_CHUNK: Final = 2**20
_LONGEST: Final = 2**26  # bytes of a piece
_MOST_COLUMNS: Final = 16_384
_P: Final = rb"(?:[\w.-]+:)?"  # a prefix of a namespace
_SHEET: Final = re.compile(rb"<" + _P + rb"sheet\s[^>]*>")
_RELATION: Final = re.compile(rb"<" + _P + rb"Relationship\s[^>]*>")
_PROPERTIES: Final = re.compile(rb"<" + _P + rb"workbookPr\s[^>]*>")
_COLUMN: Final = re.compile(rb"<" + _P + rb"col\s[^>]*>")
_ROW: Final = re.compile(rb"<" + _P + rb"row\s[^>]*>")
_ERROR: Final = re.compile(rb"<" + _P + rb"c\s[^>]*\bt=[\"']e[\"'][^>]*>")
_VALUE: Final = re.compile(rb"<" + _P + rb"v>([^<]{1,20})<")
_END: Final = re.compile(rb"</" + _P + rb"row>")
_UNCALCULATED: Final = re.compile(
    rb"<"
    + _P
    + rb"c\s(?:[^>]{0,200}?\s)?r=[\"']([A-Z]{1,3})([0-9]{1,7})[\"'][^>]{0,200}>\s*<"
    + _P
    + rb"f\b(?:[^>]{0,500}/>|[^>]{0,500}>[^<]{0,40000}</"
    + _P
    + rb"f>)\s*(?:<"
    + _P
    + rb"v\s*/>|<"
    + _P
    + rb"v>\s*</"
    + _P
    + rb"v>)?\s*</"
    + _P
    + rb"c>"
)
_REFERENCE: Final = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")
_MOST: Final = 2**20


def examine_sheet(path: Path, index: int) -> SheetFacts:
    """Read the facts in the XML of a sheet (by index) of an .xlsx workbook."""
    facts = SheetFacts()
    with ZipFile(path) as archive:
        part = _find_part(archive, index, facts)
        if part is None:
            return facts
        with archive.open(part) as file:
            for piece in _pieces(file):
                _examine(piece, facts)
    return facts


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The file in pieces that end with a row."""
    rest = b""
    while chunk := file.read(_CHUNK):
        rest += chunk
        end = 0
        for match in _END.finditer(rest, max(0, len(rest) - len(chunk) - 64)):
            end = match.end()
        if end or len(rest) > _LONGEST:
            end = end or len(rest)
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _examine(piece: bytes, facts: SheetFacts) -> None:
    if b"<cols" in piece or b":cols" in piece or b"hidden=" in piece or b'ht="0"' in piece:
        _find_hidden(piece, facts)
    if b't="e"' in piece or b"t='e'" in piece:
        _find_errors(piece, facts)
    if b"<f" in piece or b":f" in piece:
        for match in _UNCALCULATED.finditer(piece):
            if len(facts.uncalculated) < _MOST:
                facts.uncalculated[int(match[2]) - 1, column_index(match[1])] = None


def _find_hidden(piece: bytes, facts: SheetFacts) -> None:
    for match in _COLUMN.finditer(piece):
        if _is_hidden(match[0], b"width"):
            first, last = (int(_attribute(match[0], name) or b"0") for name in (b"min", b"max"))
            facts.hidden_columns.update(range(first - 1, min(last, _MOST_COLUMNS)))
    for match in _ROW.finditer(piece):
        number = _attribute(match[0], b"r")
        if number is not None and _is_hidden(match[0], b"ht"):
            facts.hidden_rows.add(int(number) - 1)


def _find_errors(piece: bytes, facts: SheetFacts) -> None:
    for match in _ERROR.finditer(piece):
        reference = _REFERENCE.fullmatch(_attribute(match[0], b"r") or b"")
        value = _VALUE.search(piece, match.end(), match.end() + 50_000)
        if reference:
            text = value[1].decode("utf-8", "replace") if value else "#ERROR!"
            facts.add_error(int(reference[2]) - 1, column_index(reference[1]), text)


def _is_hidden(element: bytes, size: bytes) -> bool:
    """Whether an element is hidden, or has no width or height."""
    extent = _attribute(element, size)
    return _is_true(_attribute(element, b"hidden")) or (extent is not None and not extent.strip(b"0."))


def _find_part(archive: ZipFile, index: int, facts: SheetFacts) -> str | None:
    """The name of the archive's member that holds a sheet. The workbook's calendar is added to the facts."""
    try:
        workbook = archive.read("xl/workbook.xml")
    except KeyError:
        return None
    properties = _PROPERTIES.search(workbook)
    facts.counts_from_1904 = properties is not None and _is_true(_attribute(properties[0], b"date1904"))
    sheets = _SHEET.findall(workbook)
    identifier = _attribute(sheets[index], rb"\w+:id") if index < len(sheets) else None
    return find_relations(archive, "xl/_rels/workbook.xml.rels").get((identifier or b"").decode("utf-8", "replace"))


def find_relations(archive: ZipFile, name: str) -> dict[str, str]:
    """The members of the archive that a member of relations names, by their identifiers."""
    try:
        relations = _RELATION.findall(archive.read(name))
    except KeyError:
        return {}
    members = set(archive.namelist())
    targets: dict[str, str] = {}
    for relation in relations:
        identifier, target = (
            (_attribute(relation, part) or b"").decode("utf-8", "replace") for part in (b"Id", b"Target")
        )
        part = target[1:] if target.startswith("/") else f"xl/{target}"
        if part in members:
            targets[identifier] = part
    return targets


def _is_true(value: bytes | None) -> bool:
    return value is not None and value in (b"1", b"true")


def _attribute(element: bytes, name: bytes) -> bytes | None:
    match = re.search(rb"\s" + name + rb"=(?:\"([^\"]*)\"|'([^']*)')", element)
    return (match[1] if match[1] is not None else match[2]) if match else None
