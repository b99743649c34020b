"""Examine a sheet of a binary workbook (.xlsb, [MS-XLSB]) for hidden columns and rows, and for cells with errors.

Cells with integers that are packed into four bytes are rewritten for the parser, which ignores their date formats.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from adapters.files.workbook.facts import ERRORS, SheetFacts
from adapters.files.workbook.sheet_xml import find_relations

_ROW, _ERROR, _FORMULA_ERROR, _COLUMNS, _BUNDLE, _PROPERTIES = 0, 3, 11, 60, 156, 153
_SHORTEST: Final = {_ROW: 12, _ERROR: 9, _FORMULA_ERROR: 9, _COLUMNS: 18}
_NEVER: Final = 1 << 30
_ROW_HIDDEN: Final = 0x10
_MOST_COLUMNS: Final = 16_384
_PACKED, _PACKED_LENGTH, _INTEGER = 2, 12, 2
_DOUBLE_HEADER: Final = bytes([5, 16])
"""The header of a cell with a double: its kind, and the length of its body."""


def examine_binary_sheet(path: Path, index: int) -> SheetFacts:
    """Read the facts in the records of a sheet (by index)."""
    facts = SheetFacts()
    with ZipFile(path) as archive:
        identifiers = []
        for kind, body in _records(archive.read("xl/workbook.bin")):
            if kind == _PROPERTIES and body:
                facts.counts_from_1904 = bool(body[0] & 1)
            elif kind == _BUNDLE and len(body) >= 12:  # noqa: PLR2004 - up to the identifier's length
                (length,) = struct.unpack_from("<I", body, 8)
                identifiers.append(body[12 : 12 + 2 * length].decode("utf-16-le", "replace"))
        targets = find_relations(archive, "xl/_rels/workbook.bin.rels")
        part = targets.get(identifiers[index]) if index < len(identifiers) else None
        content = archive.read(part) if part else b""
    row = 0
    for kind, body in _records(content):
        if len(body) >= _SHORTEST.get(kind, _NEVER):
            row = struct.unpack_from("<I", body)[0] if kind == _ROW else row
            _add(facts, kind, body, row)
    return facts


def unpack_integers(content: bytes) -> bytes:
    """Rewrite the cells of a sheet whose number is an integer in four bytes (RkNumber, section 2.5.122) as doubles."""
    pieces, begun = [], 0
    for start, place, kind, length in _headers(content):
        end = place + length
        if kind == _PACKED and length == _PACKED_LENGTH and end <= len(content) and content[place + 8] & 3 == _INTEGER:
            (packed,) = struct.unpack_from("<i", content, place + 8)
            number = struct.pack("<d", packed >> 2)
            pieces += [content[begun:start], _DOUBLE_HEADER, content[place : place + 8], number]
            begun = end
    return b"".join([*pieces, content[begun:]])


def _add(facts: SheetFacts, kind: int, body: bytes, row: int) -> None:
    if kind == _ROW:
        if body[11] & _ROW_HIDDEN:
            facts.hidden_rows.add(row)
    elif kind == _COLUMNS:
        first, last, width = struct.unpack_from("<III", body)
        if body[16] & 1 or not width:
            facts.hidden_columns.update(range(first, min(last + 1, _MOST_COLUMNS)))
    else:
        facts.add_error(row, struct.unpack_from("<I", body)[0], ERRORS.get(body[8], "#ERROR!"))


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The kind and the body of each record."""
    for _, place, kind, length in _headers(content):
        yield kind, content[place : place + length]


def _headers(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Where each record starts, where its body does, its kind (one or two bytes) and the body's length (up to four)."""
    place, end = 0, len(content)
    while place < end:
        start, kind = place, content[place]
        place += 1
        if kind & 0x80 and place < end:
            kind = (kind & 0x7F) | (content[place] & 0x7F) << 7
            place += 1
        length = shift = 0
        while place < end:
            byte = content[place]
            place += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift == 28:  # noqa: PLR2004 - four bytes
                break
        yield start, place, kind, length
        place += length
