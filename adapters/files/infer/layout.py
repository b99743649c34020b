"""The layout of a sheet or text file: where the table begins, and the names of its columns.

People's tables have titles above them, headers of several rows under merged cells, a row that numbers the columns, repeated
names and missing ones. The header is the first row about as full as the table is wide; rows above it are titles. If that
row is a record, the header is an emptier row above it, but none with one or two cells: those are titles.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.contract import Note, SourceError
from adapters.files.grid import count, format_places
from adapters.files.infer.missing import MISSING
from adapters.files.options import MAX_COLUMNS

HEAD_ROWS: Final = 200
_FULL_SHARE: Final = 0.6
_MOST_TITLE_CELLS: Final = 2
_MAX_NAME: Final = 120
_NUMERIC: Final = re.compile(
    r"[+-]?[\d,]*\.?\d+(?:[eE][+-]?\d+)?%?|\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?)?(?:[ T].*)?"
)
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[\d,]*\.?\d+(?:[eE][+-]?\d+)?%?")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
# Characters without width and marks of the direction of writing make one name look like another.
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BREAK_IN_CHINESE: Final = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s*[\r\n]+\s*(?=[\u3000-\u9fff\uff00-\uffef])")
_COLUMN_LETTERS: Final = "甲乙丙丁"


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of the columns, and the place of the table.

    `header` and `first` are indices of rows: the (last) row of the header, -1 for none, and the first row of data.
    `has_titles`: rows stand above the header.
    """

    names: list[str]
    header: int
    first: int
    notes: tuple[Note, ...]
    has_titles: bool


def find_layout(
    rows: Sequence[Sequence[str]],
    header_row: int | None,
    spans: Mapping[int, Sequence[tuple[int, int]]] | None = None,
    least_width: int = 0,
) -> Layout:
    """Find the header among the first rows (trimmed cells).

    `header_row` is its number, from 1; 0 for none. `spans` are the merged cells of a workbook: by row index, the first and
    last column of each. `least_width` are the columns that rows further down have.

    Raises SourceError file-empty, header-missing, too-large.
    """
    width = max((_width(row) for row in rows), default=0)
    if width == 0:
        raise SourceError("file-empty", "the first rows are empty")
    width = max(width, least_width)
    if width > MAX_COLUMNS:
        raise SourceError("too-large", f"the table has {width} columns; at most {MAX_COLUMNS} can be published")
    if header_row == 0:
        return Layout([f"column_{index + 1}" for index in range(width)], -1, 0, (), has_titles=False)
    header = _find_header(rows, spans or {}) if header_row is None else header_row - 1
    if header >= len(rows) or not any(rows[header]):
        raise SourceError("header-missing", "this row is no header", f"row {header + 1}")
    if header_row is None:
        _check_header(rows[header], header)
    titles = [index + 1 for index in range(header) if any(rows[index])]
    notes = (
        [Note("title-rows-dropped", f"{count(len(titles), 'row')} above the header left out", format_places(titles))]
        if titles
        else []
    )
    last = _last_of_header(rows, header, spans or {})
    names = _join_header(rows, header, last, spans or {})
    names += [""] * (width - len(names))
    first = last + 1
    if first < len(rows) and _is_numbering(rows[first]):
        below = rows[first + 1 :]
        is_statistical = bool(titles) or last > header or any(_YEAR.fullmatch(name) for name in rows[header])
        place = f"row {first + 1}"
        if is_statistical and _has_labels(rows[first], below):
            notes.append(Note("title-rows-dropped", "the row that numbers the columns is left out", place))
            first += 1
        elif any(_has_no_number(index, below) for index, cell in enumerate(rows[first]) if cell):
            notes.append(Note("numbering-row", "a row that may number the columns stays a row of the dataset", place))
    names, renamed = name_columns(names)
    return Layout(names, last, first, (*notes, *renamed), has_titles=bool(titles))


def _width(row: Sequence[str]) -> int:
    return max((index + 1 for index, cell in enumerate(row) if cell), default=0)


def _find_header(rows: Sequence[Sequence[str]], spans: Mapping[int, Sequence[tuple[int, int]]]) -> int:
    """The index of the first row with _FULL_SHARE of the fullest rows' cells, or of a header above it if it is a record."""
    counts = [sum(1 for cell in row if cell) for row in rows]
    fullest = sorted(counts)[-max(1, len(counts) // 20) :][0]
    full = next(index for index, count in enumerate(counts) if count >= max(1, _FULL_SHARE * fullest))
    if _is_record(rows[full], below=rows[full + 1 :]):
        for index in range(full):
            if counts[index] > _MOST_TITLE_CELLS and not spans.get(index) and _has_names(rows[index]):
                return index
    for index in range(full):
        are_names = counts[index] > 1 and not _has_labels_within(rows[index]) and _has_names(rows[index])
        if are_names and _last_of_header(rows, index, spans) >= full:
            return index
    return full


def _is_record(row: Sequence[str], *, below: Sequence[Sequence[str]]) -> bool:
    """Whether a row is a record: a cell is a number, or occurs again in its column."""
    rest = [other for other in below if other != row]  # a header may be repeated as a whole
    return any(
        _NUMERIC.fullmatch(cell) or any(index < len(other) and other[index] == cell for other in rest)
        for index, cell in enumerate(row)
        if cell
    )


def _has_names(row: Sequence[str]) -> bool:
    """Whether the cells of a row can be column names: all different, no data, no labels of the cells beside them."""
    cells = [cell for cell in row if cell]
    are_labels = any(cell.endswith((":", "：")) for cell in cells)
    return len(set(cells)) == len(cells) and not are_labels and not any(_NUMERIC.fullmatch(cell) for cell in cells)


def _has_labels_within(row: Sequence[str]) -> bool:
    """Whether a cell has a label and what it is of: 单位：万元."""
    return any(":" in cell or "：" in cell for cell in row)


def _check_header(row: Sequence[str], index: int) -> None:
    """Raise SourceError header-missing for a row with numbers or dates, unless they are years of a statistical table."""
    cells = [cell for cell in row if cell]
    data = [cell for cell in cells if _NUMERIC.fullmatch(cell)]
    are_years = len(set(data)) == len(data) < len(cells) and all(_YEAR.fullmatch(cell) for cell in data)
    if data and not are_years:
        raise SourceError(
            "header-missing",
            "the row of column names has numbers; set the option `header_row` to the number of the header's row, or to 0 "
            "if the table has none",
            f"row {index + 1}",
        )


def _last_of_header(rows: Sequence[Sequence[str]], header: int, spans: Mapping[int, Sequence[tuple[int, int]]]) -> int:
    """The index of the last row of a header: each row below its first names parts of merged cells in the row above."""
    last = header
    while _has_row_of_parts(rows, last, spans.get(last, ())):
        last += 1
    return last


def _has_row_of_parts(rows: Sequence[Sequence[str]], above: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether the row below another names the parts of its merged cells, and nothing else."""
    groups = [span for span in spans if span[1] > span[0]]
    is_title = len(groups) == 1 and sum(1 for cell in rows[above] if cell) == 1 and groups[0][0] == 0
    if not groups or is_title or above + 1 >= len(rows):
        return False
    below = rows[above + 1]
    inside = {column for first, last in groups for column in range(first, last + 1)}
    filled = {index for index, cell in enumerate(below) if cell}
    data = [below[index] for index in filled if _NUMERIC.fullmatch(below[index])]
    return bool(filled) and filled <= inside and all(_YEAR.fullmatch(cell) for cell in data)


def _join_header(
    rows: Sequence[Sequence[str]], header: int, last: int, spans: Mapping[int, Sequence[tuple[int, int]]]
) -> list[str]:
    """Names from the rows of a header, the group before its parts."""
    width = max(len(row) for row in rows[header : last + 1])
    parts: list[list[str]] = [[] for _ in range(width)]
    for index in range(header, last + 1):
        cells = [*rows[index], *[""] * (width - len(rows[index]))]
        if index < last:
            for first, end in spans.get(index, ()):
                cells[first : end + 1] = [cells[first]] * (min(end + 1, width) - first)
        for column, cell in enumerate(cells):
            if cell:
                parts[column].append(cell)
    return [" ".join(part) for part in parts]


def _is_numbering(row: Sequence[str]) -> bool:
    """Whether a row may number the columns: 1, 2, 3, …, perhaps after 甲 and 乙."""
    cells = [cell for cell in row if cell and cell not in _COLUMN_LETTERS]
    return len(cells) > 2 and cells == [str(index + 1) for index in range(len(cells))]  # noqa: PLR2004 - 1, 2 may be data


def _has_labels(numbering: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the first column that a row numbers has labels below: no number, and no 甲."""
    column = next(index for index, cell in enumerate(numbering) if cell)
    cells = {row[column] for row in below if column < len(row)}
    return _has_no_number(column, below) and not any(cell and cell in _COLUMN_LETTERS for cell in cells)


def _has_no_number(column: int, rows: Sequence[Sequence[str]]) -> bool:
    cells = [row[column] for row in rows if column < len(row) and row[column] not in MISSING]
    return bool(cells) and not any(_PLAIN_NUMBER.fullmatch(cell) for cell in cells)


def clean_name(text: str) -> str:
    """Normalise a name: NFC, one line, no control or invisible characters, at most 120 characters."""
    text = _BREAK_IN_CHINESE.sub("", _INVISIBLE.sub("", unicodedata.normalize("NFC", text)))
    text = "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character for character in text
    )
    return " ".join(text.split())[:_MAX_NAME].rstrip()


def name_columns(cells: Sequence[str]) -> tuple[list[str], list[Note]]:
    """Give every column a unique name: `column_3` for an empty one, `name_2` for a repeated one."""
    names: list[str] = []
    changed: list[tuple[int, str]] = []
    cleaned = [clean_name(cell) for cell in cells]
    taken = set(cleaned)
    for index, wanted in enumerate(cleaned):
        name = wanted or f"column_{index + 1}"
        number = 2
        while name in names or (name != wanted and name in taken):
            suffix = f"_{number}"
            name = (wanted or f"column_{index + 1}")[: _MAX_NAME - len(suffix)] + suffix
            number += 1
        if name != wanted or len(cells[index]) > _MAX_NAME:
            changed.append((index + 1, name))
        names.append(name)
    if not changed:
        return names, []
    listed = ", ".join(name for _, name in changed[:10])
    text = f"{len(changed)} columns without a unique name are renamed {listed}"
    return names, [Note("column-renamed", text, format_places([number for number, _ in changed], "column"))]
