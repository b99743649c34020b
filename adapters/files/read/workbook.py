"""Read Excel workbooks (.xlsx, .xlsm, .xlsb, the old .xls) and OpenDocument sheets.

Cells have types and may be merged. A number without a fraction is read as an integer (4111010001, not 4111010001.0). The
types of a column's cells help to infer its type: numbers of which some are typed as text are codes.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import python_calamine

from adapters.contract import Note, SourceError
from adapters.files.grid import CellKind, Grid, format_places, make_batches
from adapters.files.infer.layout import HEAD_ROWS, find_layout
from adapters.files.infer.missing import MISSING
from adapters.files.options import ImportOptions
from adapters.files.read.formulas import note_uncalculated

_LARGEST_EXACT: Final = 2**53
_Range = tuple[tuple[int, int], tuple[int, int]]


def read_workbook(path: Path, options: ImportOptions) -> Grid:
    """The table of one sheet.

    Raises SourceError file-unreadable, file-encrypted, file-empty, sheet-missing, header-missing, too-large.
    """
    with _parser_errors():
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    sheet, notes = _choose_sheet(book, options.sheet)
    if path.suffix == ".xlsx":
        notes += note_uncalculated(path, list(book.sheet_names).index(sheet.name))
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
    down = [
        ((top, left), (bottom, right))
        for (top, left), (bottom, right) in merged
        if bottom > top >= layout.first and left == right
    ]
    if down:
        numbers = sorted(top + 1 for (top, _), _ in down)
        text = f"{len(down)} cells are merged over several rows; each of these rows gets their value"
        notes.append(Note("cells-filled", text, format_places(numbers)))
    wide = {top + 1 for (top, left), (_, right) in merged if right > left and top >= layout.first}
    grid = Grid(
        layout.names,
        [],
        kinds=[CellKind.NONE] * width,
        notes=[*notes, *layout.notes],
        single_cells=wide,
        has_titles=layout.has_titles,
        counts_days=True,
    )
    rows = _fill_merged(_number_rows(_rows(sheet), layout.first, width, grid.kinds or []), down)
    grid.batches = make_batches(rows, width)
    return grid


@contextmanager
def _parser_errors(where: str | None = None) -> Iterator[None]:
    """Turn the parser's errors into SourceError, also its panics on damaged files, which are no Exception."""
    try:
        yield
    except python_calamine.PasswordError:
        raise SourceError("file-encrypted", "the workbook needs a password; save it without one", where) from None
    except (python_calamine.CalamineError, python_calamine.XmlError, python_calamine.ZipError, OSError) as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise SourceError("file-encrypted", "the workbook needs a password; save it without one") from None
        raise SourceError("file-unreadable", "the file is damaged, truncated, or no workbook", where) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise SourceError("file-unreadable", "the workbook is damaged", where) from None


def _choose_sheet(book: Any, name: str | None) -> tuple[Any, list[Note]]:
    """The named sheet, or the first visible one with content and a note on the others."""
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
        entry.name
        for entry in book.sheets_metadata
        if entry.visible == python_calamine.SheetVisibleEnum.Visible
        and entry.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    for candidate in visible:
        sheet = _sheet(book, candidate)
        if sheet.height:
            others = [name for name in names if name != candidate]
            text = f"one sheet is imported; left out: {', '.join(others[:20])}"
            return sheet, [Note("other-sheets", text, f'sheet "{candidate}"')] if others else []
    raise SourceError("file-empty", "no visible sheet has any cells")


def _sheet(book: Any, name: str) -> Any:
    with _parser_errors(f'sheet "{name}"'):
        return book.get_sheet_by_name(name)


def _rows(sheet: Any) -> Iterator[list[Any]]:
    with _parser_errors(f'sheet "{sheet.name}"'):
        yield from sheet.iter_rows()


def _number_rows(
    rows: Iterable[list[Any]], first: int, width: int, kinds: list[CellKind]
) -> Iterator[tuple[int, list[str]]]:
    """Rows of text from index `first` on, with their numbers. The types of their cells are added to `kinds`."""
    for index, row in enumerate(rows):
        if index < first:
            continue
        texts = [_text(cell) for cell in row[:width]]
        texts += [""] * (width - len(texts))
        present = [column for column, text in enumerate(texts) if text not in MISSING]
        if len(present) > 1 or present != [0] or not isinstance(row[0], str):  # one text may be a heading
            for column in present:
                kinds[column] |= _KINDS.get(type(row[column]), CellKind.TEXT)
        yield index + 1, texts


def _fill_merged(rows: Iterator[tuple[int, list[str]]], down: Sequence[_Range]) -> Iterator[tuple[int, list[str]]]:
    """Fill cells merged over several rows in each of them."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in down:
        starts.setdefault(top + 1, []).append((left, bottom + 1))
    open_cells: dict[int, tuple[str, int]] = {}
    for number, row in rows:
        for column, (text, last) in list(open_cells.items()):
            if number > last:
                del open_cells[column]
            else:
                row[column] = text
        for column, last in starts.get(number, ()):
            if column < len(row):
                open_cells[column] = (row[column], last)
        yield number, row


_KINDS: Final[dict[type, CellKind]] = {
    float: CellKind.NUMBER,
    int: CellKind.NUMBER,
    bool: CellKind.BOOLEAN,
    date: CellKind.MOMENT,
    datetime: CellKind.MOMENT,
}


def _text(cell: Any) -> str:  # noqa: PLR0911 - one return per kind of cell
    """A cell as text, whatever its display format."""
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
    """A duration as hours, minutes and seconds."""
    seconds = round(duration.total_seconds())
    return f"{'-' if seconds < 0 else ''}{abs(seconds) // 3600:02}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
