"""Independent readers of old workbooks and OpenDocument sheets, to compare imports with.

Binary workbooks (.xls) are read by xlrd, OpenDocument sheets (.ods) here from their XML. Neither shares code with the
importer.
"""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import xlrd

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
