"""Excel workbooks (.xlsx, .xlsm, .xlsb, the old .xls) and OpenDocument sheets.

A sheet knows more than text does: what is a number, a date, a merged cell. A number without a fraction is written
without one (4111010001, not 4111010001.0), and whether a column is numbers, text or both is kept for the guess of its
type: a column of numbers with some typed as text is one of codes.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import python_calamine

from adapters.contract import Note, SourceError
from adapters.files.grid import CellKind, Grid, batches_of, places
from adapters.files.infer.layout import HEAD_ROWS, find_layout
from adapters.files.infer.missing import MISSING
from adapters.files.options import ImportOptions
from adapters.files.read.formulas import uncalculated

_LARGEST_EXACT: Final = 2**53
_Range = tuple[tuple[int, int], tuple[int, int]]


def read_workbook(path: Path, options: ImportOptions) -> Grid:
    """The table of one sheet; SourceError file-unreadable, file-encrypted, file-empty, sheet-missing,
    header-missing.
    """
    with _parsing():
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    sheet, notes = _chosen(book, options.sheet)
    if path.suffix == ".xlsx":
        notes += uncalculated(path, list(book.sheet_names).index(sheet.name))
    offset = sheet.start[1] if sheet.start else 0
    merged: list[_Range] = [
        ((top, left - offset), (bottom, right - offset))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    ]
    head = [[_text(cell) for cell in row] for row in islice(_rows(sheet), HEAD_ROWS)]
    spans: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (_, right) in merged:
        spans.setdefault(top, []).append((left, right))
    layout = find_layout(head, options.header_row, spans)
    width = len(layout.names)
    down = [one for one in merged if one[1][0] > one[0][0] >= layout.first and one[0][1] == one[1][1]]
    if down:
        numbers = sorted(top + 1 for (top, _), _ in down)
        text = f"{len(down)} cells merged over several rows count for each of them"
        notes.append(Note("cells-filled", text, places(numbers)))
    wide = {top + 1 for (top, left), (_, right) in merged if right > left and top >= layout.first}
    grid = Grid(
        layout.names,
        [],
        kinds=[CellKind.NONE] * width,
        notes=[*notes, *layout.notes],
        alone=wide,
        has_titles=layout.has_titles,
        counts_days=True,
    )
    rows = _filled(_numbered(_rows(sheet), layout.first, width, grid.kinds or []), down)
    grid.batches = batches_of(rows, width)
    return grid


@contextmanager
def _parsing(where: str | None = None) -> Iterator[None]:
    """The parser's errors as SourceError, its panics too: damaged files find them, and they are no Exception."""
    try:
        yield
    except python_calamine.PasswordError:
        raise SourceError("file-encrypted", "the workbook needs a password; save it without one", where) from None
    except (python_calamine.CalamineError, python_calamine.XmlError, python_calamine.ZipError, OSError) as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise SourceError("file-encrypted", "the workbook needs a password; save it without one") from None
        raise SourceError("file-unreadable", "the workbook is damaged, cut off, or no workbook", where) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise SourceError("file-unreadable", "the workbook is damaged", where) from None


def _chosen(book: Any, name: str | None) -> tuple[Any, list[Note]]:
    """The named sheet, or the first visible one with content; the others are noted."""
    names = list(book.sheet_names)
    if name is not None:
        if name not in names:
            raise SourceError(
                "sheet-missing", f"the workbook has the sheets {', '.join(names[:20])}", f'sheet "{name}"'
            )
        sheet = _sheet(book, name)
        if not sheet.height:
            raise SourceError("file-empty", "the sheet is empty", f'sheet "{name}"')
        return sheet, []
    visible = [
        one.name
        for one in book.sheets_metadata
        if one.visible == python_calamine.SheetVisibleEnum.Visible
        and one.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    for candidate in visible:
        sheet = _sheet(book, candidate)
        if sheet.height:
            others = [one for one in names if one != candidate]
            text = f"only one sheet is imported; left out: {', '.join(others[:20])}"
            return sheet, [Note("other-sheets", text, f'sheet "{candidate}"')] if others else []
    raise SourceError("file-empty", "no visible sheet has any cells")


def _sheet(book: Any, name: str) -> Any:
    with _parsing(f'sheet "{name}"'):
        return book.get_sheet_by_name(name)


def _rows(sheet: Any) -> Iterator[list[Any]]:
    with _parsing(f'sheet "{sheet.name}"'):
        yield from sheet.iter_rows()


def _numbered(
    rows: Iterable[list[Any]], first: int, width: int, kinds: list[CellKind]
) -> Iterator[tuple[int, list[str]]]:
    """Rows of text from index `first` on, with their numbers; what kinds of cells they had is added to `kinds`."""
    for index, row in enumerate(rows):
        if index < first:
            continue
        texts = [_text(cell) for cell in row[:width]]
        texts += [""] * (width - len(texts))
        present = [column for column, text in enumerate(texts) if text not in MISSING]
        if len(present) > 1 or present != [0] or not isinstance(row[0], str):  # else it may be a heading
            for column in present:
                kinds[column] |= _KINDS.get(type(row[column]), CellKind.TEXT)
        yield index + 1, texts


def _filled(rows: Iterator[tuple[int, list[str]]], down: Sequence[_Range]) -> Iterator[tuple[int, list[str]]]:
    """Rows in which a cell merged over several rows holds its text in each."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in down:
        starts.setdefault(top + 1, []).append((left, bottom + 1))
    held: dict[int, tuple[str, int]] = {}
    for number, row in rows:
        for column, (text, last) in list(held.items()):
            if number > last:
                del held[column]
            else:
                row[column] = text
        for column, last in starts.get(number, ()):
            if column < len(row):
                held[column] = (row[column], last)
        yield number, row


_KINDS: Final[dict[type, CellKind]] = {
    float: CellKind.NUMBER,
    int: CellKind.NUMBER,
    bool: CellKind.BOOLEAN,
    date: CellKind.MOMENT,
    datetime: CellKind.MOMENT,
}


def _text(cell: Any) -> str:  # noqa: PLR0911 - one return a kind of cell
    """A cell as text, the same text whatever the workbook's format of display."""
    match cell:
        case str():
            return cell.strip()
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < _LARGEST_EXACT:
            return str(int(cell))
        case datetime():
            return cell.isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return _clock(cell)
        case None:
            return ""
    return repr(cell)


def _clock(duration: timedelta) -> str:
    """A duration as a workbook shows one: hours, minutes, seconds."""
    seconds = round(duration.total_seconds())
    return f"{'-' if seconds < 0 else ''}{abs(seconds) // 3600:02}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
