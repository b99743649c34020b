"""A sheet as its import takes it: rows of text, without what is hidden in it.

People hide what others should not see. So hidden columns and rows, and rows that a filter hides, are left out unless the
owner states otherwise; a note names them in either case.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from adapters.contract import Note, SourceError
from adapters.files.grid import count, format_places
from adapters.files.workbook.facts import SheetFacts, column_letters, format_cells

Range: TypeAlias = tuple[tuple[int, int], tuple[int, int]]
_EXACT: Final = 1e15  # a workbook keeps 15 digits
_LONGEST: Final = 1e21
_MOST: Final = 2**20
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Errors:
    """Cells with errors: which, as text, and where."""

    listed: str
    where: str


class SheetView:
    """The rows of a sheet from index 0, and its columns from the first that has a cell."""

    def __init__(
        self,
        name: str,
        rows: Callable[[], Iterator[list[Any]]],
        start: tuple[int, int] | None,
        facts: SheetFacts,
        *,
        leaves_out: bool,
    ) -> None:
        self._name = name
        self._rows = rows
        self._first = start[1] if start else 0
        self._facts = facts
        self._leaves_out = leaves_out
        self.hidden_rows: frozenset[int] = frozenset(facts.hidden_rows if leaves_out else ())
        self._hidden = frozenset(column - self._first for column in facts.hidden_columns) if leaves_out else frozenset()
        self._last = (0, 0)

    def rows(self, *, with_hidden: bool = False) -> Iterator[tuple[int, list[Any]]]:
        """Rows with their indices, without hidden columns. Hidden rows are empty, or there `with_hidden`."""
        hidden, hidden_rows = self._hidden, frozenset() if with_hidden else self.hidden_rows
        for index, row in enumerate(self._rows()):
            if index in hidden_rows:
                yield index, []
            elif hidden:
                yield index, [cell for column, cell in enumerate(row) if column not in hidden]
            else:
                yield index, row

    def width(self, least: int) -> int:
        """The number of columns up to the last that has a cell in any row."""
        width = least
        for _, row in self.rows():
            if len(row) > width:
                width = max((index + 1 for index, cell in enumerate(row) if cell not in ("", None)), default=width)
        return max(width, least)

    def place(self, ranges: Iterable[Range]) -> list[Range]:
        """Merged ranges by the columns of this view."""
        placed = []
        for (top, first), (bottom, last) in ranges:
            left, end = (self._column(column - self._first) for column in (first, last + 1))
            if end > left:
                placed.append(((top, left), (bottom, end - 1)))
        return placed

    def _column(self, column: int) -> int:
        return column - sum(1 for hidden in self._hidden if 0 <= hidden < column)

    def original(self, column: int) -> int:
        """The index in the sheet of a column of this view."""
        for hidden in sorted(self._hidden):
            if 0 <= hidden <= column:
                column += 1
        return column + self._first

    def errors(self, first: int) -> Errors | None:
        """The errors from row index `first` on."""
        kept = {
            (row, column): text
            for (row, column), text in self._facts.errors.items()
            if row >= first and row not in self.hidden_rows and column - self._first not in self._hidden
        }
        if not kept:
            return None
        counts: dict[str, int] = {}
        for text in kept.values():
            counts[text] = counts.get(text, 0) + 1
        return Errors(", ".join(f"{text} ({n})" for text, n in sorted(counts.items())), format_cells(sorted(kept)))

    def notes(self, first: int) -> list[Note]:
        """Notes on what the parser does not give, of rows from index `first` on."""
        notes = []
        if errors := self.errors(first):
            text = f"cells with errors count as missing: {errors.listed}"
            notes.append(Note("missing-values", text, errors.where))
        if self._facts.uncalculated:
            cells = sorted(self._facts.uncalculated)
            listed = ", ".join(list(dict.fromkeys(column_letters(column) for _, column in cells))[:10])
            text = (
                f"{len(cells)} formulas have no value and count as empty cells (columns {listed}); open the workbook in a "
                "spreadsheet program and save it, which calculates them"
            )
            notes.append(Note("formulas-empty", text, format_places(sorted({row + 1 for row, _ in cells}))))
        notes += self._note_hidden()
        return notes

    def _note_hidden(self) -> list[Note]:
        columns = self._used_hidden_columns()
        rows = self._used_hidden_rows()
        what = [count(len(columns), "column") if columns else "", count(len(rows), "row") if rows else ""]
        if not any(what):
            return []
        letters = [column_letters(column) for column in columns]
        more = f" and {len(letters) - _SHOWN} more" if len(letters) > _SHOWN else ""
        places = [
            f"column{'s' if len(letters) > 1 else ''} {', '.join(letters[:_SHOWN])}{more}" if columns else "",
            format_places([row + 1 for row in rows]) if rows else "",
        ]
        rest = (
            "left out; the option `hidden` can include them"
            if self._leaves_out
            else "imported, since the option `hidden` includes them"
        )
        text = f"hidden in the sheet, and {rest}: {' and '.join(filter(None, what))}"
        return [Note("hidden-cells", text, "; ".join(filter(None, places)))]

    def _used_hidden_columns(self) -> list[int]:
        """The hidden columns that have a cell."""
        left = {column - self._first for column in self._facts.hidden_columns if column >= self._first}
        used: set[int] = set()
        if left:
            for row in self._rows():
                for column in left - used:
                    if column < len(row) and row[column] not in ("", None):
                        used.add(column)
                if used == left:
                    break
        return sorted(column + self._first for column in used)

    def _used_hidden_rows(self) -> list[int]:
        """The hidden rows that have a cell."""
        if not self._facts.hidden_rows:
            return []
        return [
            index
            for index, row in enumerate(self._rows())
            if index in self._facts.hidden_rows and any(cell not in ("", None) for cell in row)
        ]


class Texts:
    """Cells as text, whatever their display format."""

    def __init__(self, sheet: str, original: Callable[[int], int]) -> None:
        self._sheet = sheet
        self._original = original
        self._rounded: dict[tuple[int, int], None] = {}
        self._is_rounded = False

    @property
    def rounded(self) -> list[tuple[int, int]]:
        """The cells, by row and column, whose number had more digits than the file keeps."""
        return list(self._rounded)

    def row(self, index: int, cells: Sequence[Any]) -> list[str]:
        """A row of text. Raises SourceError file-unreadable for text that has NUL characters."""
        texts = [self._text(cell) for cell in cells]
        if self._is_rounded:
            self._is_rounded = False
            for column, cell in enumerate(cells):
                if _is_rounded(cell) and len(self._rounded) < _MOST:
                    self._rounded[index, self._original(column)] = None
        if "\0" in "".join(texts):
            place = self._original(next(column for column, text in enumerate(texts) if "\0" in text))
            raise SourceError(
                "file-unreadable",
                "a text has NUL characters, so it cannot be decoded; open the workbook in a spreadsheet program and save it "
                "as .xlsx",
                f'sheet "{self._sheet}", {format_cells([(index, place)])}',
            )
        return texts

    def _text(self, cell: Any) -> str:  # noqa: PLR0911 - one return per kind of cell
        match cell:
            case str():
                return cell.strip()
            case bool():
                return "true" if cell else "false"
            case float() if cell.is_integer() and abs(cell) < _EXACT:
                return str(int(cell))
            case float() if _is_rounded(cell):
                self._is_rounded = True
                return f"{Decimal(repr(cell)):f}".removesuffix(".0")
            case datetime():
                return cell.isoformat(" ")
            case date() | time():
                return cell.isoformat()
            case timedelta():
                return _clock(cell)
            case None:
                return ""
        return repr(cell)


def _is_rounded(cell: Any) -> bool:
    return isinstance(cell, float) and _EXACT <= abs(cell) < _LONGEST


def _clock(duration: timedelta) -> str:
    """A duration as hours, minutes and seconds."""
    seconds = round(duration.total_seconds())
    return f"{'-' if seconds < 0 else ''}{abs(seconds) // 3600:02}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
