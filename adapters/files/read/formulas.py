"""Formulas of a workbook whose values nobody has calculated: programs write them, and leave that to whoever opens the file.

The parser sees such a cell as an empty one. A dataset with nothing in a column that the sheet shows full is one that
its owner should know of.
"""

import re
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from adapters.contract import Note
from adapters.files.grid import places

_CHUNK: Final = 2**20
_LONGEST: Final = 2**17  # bytes of one cell with its formula
_SHEET: Final = re.compile(rb"<sheet\s[^>]*>")
_RELATION: Final = re.compile(rb"<Relationship\s[^>]*>")
_UNCALCULATED: Final = re.compile(
    rb'<c\s(?:[^>]{0,200}?\s)?r="([A-Z]{1,3})([0-9]{1,7})"[^>]{0,200}>\s*<f\b(?:[^>]{0,500}/>|[^>]{0,500}>[^<]{0,40000}</f>)'
    rb"\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
)
_MOST: Final = 1_000_000


def uncalculated(path: Path, sheet: int) -> list[Note]:
    """A note on the formulas without a value in the sheet at a place of the workbook (.xlsx); none where there are none."""
    with ZipFile(path) as archive:
        part = _part(archive, sheet)
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
                    for found in _UNCALCULATED.finditer(piece):
                        count, end = count + 1, found.end()
                        columns.setdefault(found[1].decode())
                        if len(rows) < _MOST:
                            rows.setdefault(int(found[2]))
                rest = piece[max(end, len(piece) - _LONGEST) :]
    if not count:
        return []
    listed = ", ".join(list(columns)[:10])
    text = (
        f"{count} formulas have no value, and count as empty cells (columns {listed}); open the workbook in a "
        "spreadsheet program and save it, so that they are calculated"
    )
    return [Note("formulas-empty", text, places(sorted(rows)))]


def _part(archive: ZipFile, sheet: int) -> str | None:
    """The name of the part that holds a sheet."""
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
    found = re.search(rb"\s" + name + rb'="([^"]*)"', element)
    return found[1] if found else None
