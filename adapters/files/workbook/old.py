"""Examine an old workbook (.xls) record by record ([MS-XLS]), and mend what the parser reads wrongly.

- In BIFF8 text is UTF-16 or its low bytes, whatever CODEPAGE says. The parser believes CODEPAGE, where JExcelAPI writes 1252.
- Some programs write formulas with the number of an older record (0x0406, 0x0206). The parser skips them.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.contract import SourceError
from adapters.files.workbook.compound import find_stream
from adapters.files.workbook.facts import ERRORS, SheetFacts

_BOF, _EOF, _BOUNDSHEET, _FILEPASS, _CODEPAGE, _DATEMODE = 0x0809, 0x000A, 0x0085, 0x002F, 0x0042, 0x0022
_COLINFO, _ROW, _BOOLERR, _FORMULA = 0x007D, 0x0208, 0x0205, 0x0006
_OLD_FORMULAS: Final = (0x0406, 0x0206)
_BIFF8: Final = 0x0600
_HEADER: Final = 4  # bytes before the body of a record
_NEVER: Final = 1 << 16
_UTF16: Final = 1200
_MACINTOSH: Final = range(10_000, 10_100)
_ROW_HIDDEN: Final = 0x20


class OldWorkbook:
    """The records of an old workbook."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._stream = find_stream(content, ("Workbook", "Book"))
        self._records = self._stream.read(content) if self._stream else bytearray()
        self._sheets: list[int] = []
        self._patches: list[tuple[int, int]] = []
        self._is_biff8 = False
        self._counts_from_1904 = False
        self._examine()

    def _examine(self) -> None:
        """Read all records, and note the numbers to replace by their places.

        Raises SourceError file-encrypted, and file-unreadable for text in a code page that cannot be read.
        """
        page = 0
        for kind, body, length in self._walk(0):
            if kind == _BOF and body == _HEADER and length >= 2:  # noqa: PLR2004 - the version
                self._is_biff8 = self._number(body) == _BIFF8
            elif kind == _FILEPASS:
                raise SourceError("file-encrypted", "the workbook needs a password; save it without one")
            elif kind == _CODEPAGE and length == 2:  # noqa: PLR2004
                page = self._number(body)
                if self._is_biff8 and page != _UTF16:
                    self._patches.append((body, _UTF16))
            elif kind == _DATEMODE and length >= 1:
                self._counts_from_1904 = self._records[body] == 1
            elif kind == _BOUNDSHEET and length >= 4:  # noqa: PLR2004
                self._sheets.append(struct.unpack_from("<I", self._records, body)[0])
            elif kind in _OLD_FORMULAS and self._is_biff8:
                self._patches.append((body - _HEADER, _FORMULA))
        if not self._is_biff8 and page in _MACINTOSH:
            detail = f"the workbook's text is in code page {page}, of old Macintoshes; open it and save it as .xlsx"
            raise SourceError("file-unreadable", detail)

    def mend(self, copy: Path) -> bool:
        """Write a copy that the parser reads rightly; False if the workbook needs none."""
        if self._stream is None or not self._patches:
            return False
        for place, number in self._patches:
            struct.pack_into("<H", self._records, place, number)
        content = bytearray(self._content)
        self._stream.write(content, self._records)
        copy.write_bytes(content)
        return True

    def facts(self, index: int) -> SheetFacts:
        """Read the file's facts about a sheet (by index)."""
        facts = SheetFacts(counts_from_1904=self._counts_from_1904)
        if index >= len(self._sheets):
            return facts
        depth = 0
        for kind, body, length in self._walk(self._sheets[index]):
            depth += (kind == _BOF) - (kind == _EOF)
            if depth <= 0:
                break
            if depth == 1 and length >= _EXAMINED.get(kind, _NEVER):
                self._add(facts, kind, body)
        return facts

    def _walk(self, place: int) -> Iterator[tuple[int, int, int]]:
        """The records from a place on: number, place of the body, length of the body."""
        records, end = self._records, len(self._records) - _HEADER
        while place <= end:
            kind, length = struct.unpack_from("<HH", records, place)
            body = place + _HEADER
            place = body + length
            if place > len(records):
                return
            yield kind, body, length

    def _number(self, place: int) -> int:
        number: int = struct.unpack_from("<H", self._records, place)[0]
        return number

    def _add(self, facts: SheetFacts, kind: int, body: int) -> None:
        records = self._records
        if kind == _COLINFO:
            first, last, width, _, options = struct.unpack_from("<5H", records, body)
            if options & 1 or width == 0:
                facts.hidden_columns.update(range(first, min(last, 255) + 1))
            return
        row, column = struct.unpack_from("<HH", records, body)
        if kind == _ROW:
            if records[body + 12] & _ROW_HIDDEN:
                facts.hidden_rows.add(row)
        elif kind == _BOOLERR:
            if records[body + 7]:
                facts.add_error(row, column, ERRORS.get(records[body + 6], "#ERROR!"))
        elif records[body + 12 : body + 14] == b"\xff\xff" and records[body + 6] == 2:  # noqa: PLR2004 - an error
            facts.add_error(row, column, ERRORS.get(records[body + 8], "#ERROR!"))


# The records of a sheet that are examined, with their shortest length.
_EXAMINED: Final = {_COLINFO: 10, _ROW: 16, _BOOLERR: 8, _FORMULA: 14}
