"""Independent readers of binary workbooks and OpenDocument sheets, to compare imports with.

Old workbooks (.xls) are read by xlrd, OpenDocument sheets (.ods) here from their XML, and .xlsb here from its records.
None shares code with the importer.
"""

import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import xlrd
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, WINDOWS_EPOCH, from_excel

Table = list[Sequence[Any]]

_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CELLS: Final = frozenset({f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"})
_NUMBERS: Final = frozenset({"float", "percentage", "currency"})
_MOST_REPEATED: Final = 2_000  # of rows and cells; programs fill the rest of a sheet with empty ones


def read_opendocument(path: Path, sheet: str | None) -> Table:
    """The cells of a sheet (OpenDocument 1.3, part 3, section 9); the first one's where none is named.

    Raises KeyError for a sheet that is not there, and what zipfile and ET raise.
    """
    with zipfile.ZipFile(path) as archive:
        content = ET.fromstring(archive.read("content.xml"))  # noqa: S314 - a file that the person chose
    tables = {table.get(f"{_TABLE}name"): table for table in content.iter(f"{_TABLE}table")}
    table = tables[sheet] if sheet is not None else next(iter(tables.values()))
    rows: Table = []
    for row in table.iter(f"{_TABLE}table-row"):
        cells = list(_cells_of(row))
        while cells and cells[-1] is None:
            cells.pop()
        times = int(row.get(f"{_TABLE}number-rows-repeated", "1"))
        rows += [cells] * (min(times, _MOST_REPEATED) if cells else 1)
    return rows


def _cells_of(row: ET.Element) -> Iterator[Any]:
    for cell in row:
        if cell.tag in _CELLS:
            times = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
            yield from [_value_of(cell)] * min(times, _MOST_REPEATED)


def _value_of(cell: ET.Element) -> Any:
    """A cell's value by its type (section 19.387): a number, a day or an instant, a truth, or its text."""
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in _NUMBERS:
        return Decimal(cell.get(f"{_OFFICE}value", ""))
    if kind == "date":
        stated = cell.get(f"{_OFFICE}date-value", "")
        return datetime.fromisoformat(stated) if "T" in stated else date.fromisoformat(stated)
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    paragraphs = [_text_of(paragraph) for paragraph in cell.findall(f"{_TEXT}p")]
    return "\n".join(paragraphs) if paragraphs else None


def _text_of(element: ET.Element) -> str:
    """The characters of a paragraph, with the spaces, tabs and breaks that are elements (section 6.1)."""
    text = element.text or ""
    for child in element:
        if child.tag == f"{_TEXT}s":
            text += " " * int(child.get(f"{_TEXT}c", "1"))
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            text += "\t" if child.tag == f"{_TEXT}tab" else "\n"
        elif child.tag != f"{_OFFICE}annotation":
            text += _text_of(child)
        text += child.tail or ""
    return text


def read_binary_workbook(path: Path, sheet: str | None) -> Table:
    """The cells of a sheet of a binary workbook (BIFF); the first one's where none is named. Raises xlrd.XLRDError."""
    with xlrd.open_workbook(path, on_demand=True) as book:
        chosen = book.sheet_by_name(sheet) if sheet is not None else book.sheet_by_index(0)
        return [[_decode(cell, book.datemode) for cell in row] for row in chosen.get_rows()]


def _decode(cell: Any, datemode: int) -> Any:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, datemode)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code[cell.value]
    return cell.value if cell.value != "" else None


def read_binary_sheets(path: Path, sheet: str | None) -> Table:
    """The cells of a sheet of an .xlsb workbook ([MS-XLSB]); the first one's where none is named.

    Raises KeyError for a sheet that is not there, and what zipfile and ET raise.
    """
    with zipfile.ZipFile(path) as archive:
        names = {name.casefold(): name for name in archive.namelist()}

        def records(part: str) -> Iterator[tuple[int, bytes]]:
            return _records_of(archive.read(names[part.casefold()])) if part.casefold() in names else iter(())

        relations = ET.fromstring(archive.read("xl/_rels/workbook.bin.rels"))  # noqa: S314 - a file that the person chose
        targets = {relation.get("Id", ""): relation.get("Target", "").removeprefix("/xl/") for relation in relations}
        is_1904, sheets = False, {}
        for kind, data in records("xl/workbook.bin"):
            if kind == _WORKBOOK_PROPERTIES:
                is_1904 = bool(data[0] & 1)
            elif kind == _BUNDLE_SHEET:
                relation, end = _wide(data, 8)
                sheets[_wide(data, end)[0]] = targets[relation]
        strings = [_wide(data, 1)[0] for kind, data in records("xl/sharedStrings.bin") if kind == _SHARED_STRING]
        book = _Book(strings, _dated_styles(records("xl/styles.bin")), CALENDAR_MAC_1904 if is_1904 else WINDOWS_EPOCH)
        part = sheets[sheet] if sheet is not None else next(iter(sheets.values()))
        rows: dict[int, dict[int, Any]] = {}
        cells: dict[int, Any] = {}
        for kind, data in records(f"xl/{part}"):
            if kind == _ROW:
                cells = rows.setdefault(int.from_bytes(data[:4], "little"), {})
            elif kind in _CELL_KINDS:
                cells[int.from_bytes(data[:4], "little")] = book.value_of(kind, data)
    last = max((row for row, cells in rows.items() if cells), default=-1)
    filled = [rows.get(number, {}) for number in range(last + 1)]
    return [[cells.get(column) for column in range(max(cells, default=-1) + 1)] for cells in filled]


_ROW, _SHARED_STRING, _FORMAT, _STYLE, _WORKBOOK_PROPERTIES, _BUNDLE_SHEET = 0, 19, 44, 47, 153, 156
_STYLES_BEGIN, _STYLES_END = 617, 618
_CELL_KINDS: Final = range(2, 12)
_ERRORS: Final = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Book:
    strings: list[str]
    dated: list[bool]
    epoch: datetime

    def value_of(self, kind: int, data: bytes) -> Any:
        """The value of a cell record (sections 2.4.312 to 2.4.321 and 2.4.656 to 2.4.659): after column and style."""
        style = int.from_bytes(data[4:7], "little")
        if kind in (3, 11):
            return _ERRORS.get(data[8], "#")
        if kind in (4, 10):
            return bool(data[8])
        if kind in (6, 8):
            return _wide(data, 8)[0] or None
        if kind == 7:
            return self.strings[int.from_bytes(data[8:12], "little")] or None
        number = _packed(data[8:12]) if kind == 2 else struct.unpack_from("<d", data, 8)[0]
        return from_excel(number, self.epoch) if style < len(self.dated) and self.dated[style] else number


def _records_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part (section 2.1.4): kind and length in groups of seven bits."""
    place = 0
    while place < len(content):
        kind = content[place]
        place += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | ((content[place] & 0x7F) << 7)
            place += 1
        length = shift = 0
        while True:
            length |= (content[place] & 0x7F) << shift
            shift += 7
            place += 1
            if not content[place - 1] & 0x80:
                break
        yield kind, content[place : place + length]
        place += length


def _wide(data: bytes, start: int) -> tuple[str, int]:
    """A text (XLWideString, section 2.5.169) and where it ends."""
    end = start + 4 + 2 * int.from_bytes(data[start : start + 4], "little")
    return data[start + 4 : end].decode("utf-16-le", "replace"), end


def _packed(data: bytes) -> float:
    """A number in four bytes (RkNumber, section 2.5.122): an integer or the high half of a double, perhaps of hundredths."""
    bits = int.from_bytes(data, "little")
    if bits & 2:
        whole = int.from_bytes(data, "little", signed=True) >> 2
        return whole / 100 if bits & 1 else whole
    value: float = struct.unpack("<d", bytes(4) + (bits & ~3).to_bytes(4, "little"))[0]
    return value / 100 if bits & 1 else value


def _dated_styles(records: Iterator[tuple[int, bytes]]) -> list[bool]:
    """Of each cell style, whether its number format is of dates."""
    formats, dated, is_inside = dict(BUILTIN_FORMATS), [], False
    for kind, data in records:
        if kind == _FORMAT:
            formats[int.from_bytes(data[:2], "little")] = _wide(data, 2)[0]
        elif kind in (_STYLES_BEGIN, _STYLES_END):
            is_inside = kind == _STYLES_BEGIN
        elif kind == _STYLE and is_inside:
            dated.append(is_date_format(formats.get(int.from_bytes(data[2:4], "little"), "General")))
    return dated
