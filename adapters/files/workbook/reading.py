"""Read Excel workbooks (.xlsx, .xlsm, .xlsb, the old .xls) and OpenDocument sheets.

Cells have types and may be merged. A number without a fraction is read as an integer (4111010001, not 4111010001.0). The
types of a column's cells help to infer its type: numbers of which some are typed as text are codes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import python_calamine

from adapters.contract import Note, SourceError
from adapters.files.grid import CellKind, Grid, format_places, make_batches
from adapters.files.infer.layout import HEAD_ROWS, Layout, find_layout
from adapters.files.infer.missing import MISSING
from adapters.files.options import ImportOptions
from adapters.files.workbook.facts import format_cells
from adapters.files.workbook.preparing import prepare
from adapters.files.workbook.view import Range, SheetView, Texts

_DAY_ZERO: Final = date(1899, 12, 30)
_DAY_ZERO_1904: Final = date(1904, 1, 1)


def read_workbook(path: Path, options: ImportOptions) -> Grid:
    """The table of one sheet. A mended copy of the workbook may be written beside it.

    Raises SourceError file-unreadable, file-encrypted, file-empty, sheet-missing, header-missing, too-large.
    """
    path, examine = prepare(path)
    with _parser_errors():
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    sheet, notes = _choose_sheet(book, options.sheet)
    facts = examine(list(book.sheet_names).index(sheet.name), sheet.name)
    view = SheetView(sheet.name, lambda: _rows(sheet), sheet.start, facts, leaves_out=options.hidden == "leave-out")
    merged = view.place(sheet.merged_cell_ranges or ())
    texts = Texts(sheet.name, view.original)
    head = [texts.row(index, row) for index, row in islice(view.rows(), HEAD_ROWS)]
    spans: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (_, right) in merged:
        spans.setdefault(top, []).append((left, right))
    width = max((index + 1 for row in head for index, cell in enumerate(row) if cell), default=0)
    if not width and (errors := view.errors(0)):
        raise SourceError("file-empty", f"the first rows hold nothing but errors ({errors.listed})", errors.where)
    if sheet.width > width:
        width = view.width(width)
    layout = _find_layout(head, options.header_row, spans, width, sheet=sheet.name, others=notes)
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
    kinds = [CellKind.NONE] * width
    grid = Grid(
        layout.names,
        [],
        kinds=kinds,
        notes=[*notes, *layout.notes, *view.notes(layout.first)],
        merged_rows={top + 1 for (top, left), (_, right) in merged if right > left == 0 and top >= layout.first},
        has_titles=layout.has_titles,
        day_zero=_DAY_ZERO_1904 if facts.counts_from_1904 else _DAY_ZERO,
    )
    numbered = _number_rows(view, texts, layout.first, width, kinds)
    rows = (row for row in _fill_merged(numbered, down) if row[0] - 1 not in view.hidden_rows)
    grid.batches = make_batches(_note_rounded(rows, texts, grid), width)
    return grid


def _find_layout(
    head: Sequence[Sequence[str]],
    header_row: int | None,
    spans: Mapping[int, Sequence[tuple[int, int]]],
    width: int,
    *,
    sheet: str,
    others: Sequence[Note],
) -> Layout:
    """The layout of a sheet. Where other sheets were left out, as `others` notes, a refusal names the sheet and them."""
    try:
        return find_layout(head, header_row, spans, width)
    except SourceError as error:
        if not others:
            raise
        place = ", ".join(filter(None, (f'sheet "{sheet}"', error.where)))
        raise SourceError(error.code, name_sheets(error.detail, others), place) from None


def name_sheets(detail: str, notes: Sequence[Note]) -> str:
    """The detail of a refusal, with the sheets of a workbook that were left out."""
    left_out = next((note.text for note in notes if note.code == "other-sheets"), None)
    return f"{detail}; {left_out}: another one is named with --sheet (the option `sheet`)" if left_out else detail


def _note_rounded(rows: Iterator[tuple[int, list[str]]], texts: Texts, grid: Grid) -> Iterator[tuple[int, list[str]]]:
    """Pass rows on, and note numbers that have lost digits after the last."""
    yield from rows
    if texts.rounded:
        text = (
            f"{len(texts.rounded)} numbers have more than 15 digits, of which a workbook keeps 15: the others are lost in "
            "the file; store such numbers as text"
        )
        grid.notes.append(Note("digits-lost", text, format_cells(texts.rounded)))


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
    view: SheetView, texts: Texts, first: int, width: int, kinds: list[CellKind]
) -> Iterator[tuple[int, list[str]]]:
    """Rows of text from index `first` on, with their numbers. The types of their cells are added to `kinds`."""
    for index, row in view.rows(with_hidden=True):
        if index < first:
            continue
        cells = texts.row(index, row[:width])
        cells += [""] * (width - len(cells))
        yield index + 1, cells
        if index in view.hidden_rows:
            continue
        present = [column for column, text in enumerate(cells) if text not in MISSING]
        if len(present) > 1 or present != [0] or not isinstance(row[0], str):  # one text may be a heading
            for column in present:
                if column < len(row):
                    kinds[column] |= _KINDS.get(type(row[column]), CellKind.TEXT)


def _fill_merged(rows: Iterator[tuple[int, list[str]]], down: Sequence[Range]) -> Iterator[tuple[int, list[str]]]:
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
