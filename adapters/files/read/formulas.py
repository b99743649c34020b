"""Find formulas of a workbook that have no calculated value.

Programs write such workbooks, and a spreadsheet program calculates the values when a person opens them. To the parser
these cells are empty, so an owner should learn that a column which looks full is imported empty.
"""

import re
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from adapters.contract import Note
from adapters.files.grid import format_places

_CHUNK: Final = 2**20
_LONGEST: Final = 2**17  # bytes of one cell with its formula
_SHEET: Final = re.compile(rb"<sheet\s[^>]*>")
_RELATION: Final = re.compile(rb"<Relationship\s[^>]*>")
_UNCALCULATED: Final = re.compile(
    rb'<c\s(?:[^>]{0,200}?\s)?r="([A-Z]{1,3})([0-9]{1,7})"[^>]{0,200}>\s*<f\b(?:[^>]{0,500}/>|[^>]{0,500}>[^<]{0,40000}</f>)'
    rb"\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
)
_MOST: Final = 1_000_000


def note_uncalculated(path: Path, sheet: int) -> list[Note]:
    """A note on formulas without a value in a sheet (by index) of an .xlsx workbook; no note if there are none."""
    with ZipFile(path) as archive:
        part = _find_part(archive, sheet)
        if part is None:
            return []
        columns: dict[str, None] = {}
        rows: dict[int, None] = {}
        count = 0
        rest = b""
        with archive.open(part) as file:
            while chunk := file.read(_CHUNK):
                piece, end = rest + chunk, 0
                if b"<f" in piece:
                    for match in _UNCALCULATED.finditer(piece):
                        count, end = count + 1, match.end()
                        columns.setdefault(match[1].decode())
                        if len(rows) < _MOST:
                            rows.setdefault(int(match[2]))
                rest = piece[max(end, len(piece) - _LONGEST) :]
    if not count:
        return []
    listed = ", ".join(list(columns)[:10])
    text = (
        f"{count} formulas have no value and count as empty cells (columns {listed}); open the workbook in a "
        "spreadsheet program and save it, which calculates them"
    )
    return [Note("formulas-empty", text, format_places(sorted(rows)))]


def _find_part(archive: ZipFile, sheet: int) -> str | None:
    """The name of the archive's member that holds a sheet."""
    try:
        sheets = _SHEET.findall(archive.read("xl/workbook.xml"))
        relations = _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels"))
    except KeyError:
        return None
    identifier = _attribute(sheets[sheet], rb"\w+:id") if sheet < len(sheets) else None
    for relation in relations:
        if identifier is not None and _attribute(relation, b"Id") == identifier:
            target = (_attribute(relation, b"Target") or b"").decode("utf-8", "replace")
            name = target[1:] if target.startswith("/") else f"xl/{target}"
            return name if name in archive.namelist() else None
    return None


def _attribute(element: bytes, name: bytes) -> bytes | None:
    match = re.search(rb"\s" + name + rb'="([^"]*)"', element)
    return match[1] if match else None
