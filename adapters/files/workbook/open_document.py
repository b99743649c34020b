"""Examine an OpenDocument sheet for hidden columns and rows, and for cells with errors."""

from pathlib import Path
from typing import Final
from xml.parsers import expat
from zipfile import ZipFile

from adapters.files.workbook.facts import SheetFacts

_TABLE: Final = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_CALC: Final = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
_HIDDEN: Final = (b"collapse", b"filter", b'value-type="error"')
_MOST: Final = 2**20
_MOST_COLUMNS: Final = 16_384


def examine_open_sheet(path: Path, name: str) -> SheetFacts:
    """Read the facts in the XML of a sheet. Damaged XML adds no facts: the parser refuses it."""
    facts = SheetFacts()
    with ZipFile(path) as archive:
        content = archive.read("content.xml")
    if any(word in content for word in _HIDDEN):
        reader = _Reader(name, facts)
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        try:
            parser.Parse(content, True)
        except expat.ExpatError:
            return facts
    return facts


class _Reader:
    """Follows rows and columns of one table; cells and rows may stand for several."""

    def __init__(self, name: str, facts: SheetFacts) -> None:
        self._name = name
        self._facts = facts
        self._depth = 0
        self._row = self._column = self._defined = 0
        self._rows = 1

    def start(self, element: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if element == f"{_TABLE} table":
            self._depth += 1 if self._depth or attributes.get(f"{_TABLE} name") == self._name else 0
            return
        if self._depth != 1:
            return
        is_hidden = attributes.get(f"{_TABLE} visibility") in ("collapse", "filter")
        if element == f"{_TABLE} table-column":
            end = self._defined + _number(attributes, "number-columns-repeated")
            if is_hidden:
                self._facts.hidden_columns.update(range(self._defined, min(end, _MOST_COLUMNS)))
            self._defined = end
        elif element == f"{_TABLE} table-row":
            self._rows, self._column = _number(attributes, "number-rows-repeated"), 0
            if is_hidden:
                self._facts.hidden_rows.update(range(self._row, min(self._row + self._rows, _MOST)))
        elif element in (f"{_TABLE} table-cell", f"{_TABLE} covered-table-cell"):
            if attributes.get(f"{_CALC} value-type") == "error":
                self._facts.add_error(self._row, self._column, "#ERROR!")
            self._column += _number(attributes, "number-columns-repeated")

    def end(self, element: str) -> None:
        """Take the end of an element."""
        if element == f"{_TABLE} table" and self._depth:
            self._depth -= 1
        elif element == f"{_TABLE} table-row" and self._depth == 1:
            self._row += self._rows


def _number(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(f"{_TABLE} {name}", "1")
    return int(text) if text.isdecimal() else 1
