"""Rows that are no records: blank rows, headings of sections, footnotes, repeated headers.

People's sheets have "北京市（92所）" in one cell across the table, above Beijing's rows. This row is no record, but its text
belongs to the records below it: it becomes the column `section`. A row with one cell can also be a record, as in a list of
names, so it is a heading only with evidence of its own: merged cells, text where all other rows have a number, the form of a
heading. Below the last record such rows, and notes, are footnotes. A record is rather kept than lost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import Note, NoteCode, SourceError
from adapters.files.grid import Batch, Grid, count, format_places
from adapters.files.infer.missing import MISSING

_MIN_WIDTH: Final = 3
_NUMBER: Final = re.compile(r"[+-]?[\d,.]+%?")
_TOTALS: Final = ("合计", "总计", "小计", "共计", "total", "Total", "TOTAL", "Grand Total")
_HEADING: Final = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[)）]|第[一二三四五六七八九十]{1,3}(?:部分|[章节类批组])).*"
    r"|.*(?:[（(]共?\d+\s*[所个家人名项户条]?[)）]|[：:])"
)
_NOTE: Final = re.compile(
    r"(?:注|备注|附注|说明|附件|资料来源|数据来源|来源|填表|制表|审核|填报|单位负责人|[*※＊]|"
    r"notes?\b|sources?\b|data from\b|last updated).*",
    re.IGNORECASE | re.DOTALL,
)
MOST_LONE: Final = 100_000
_MOST_BLANK: Final = 2_000_000  # twice the rows of a sheet that is saved to its last row
_FEW: Final = 20
_MOST_GAPS: Final = 100


@dataclass(slots=True)
class RowSurvey:
    """The rows that may be no records, by number. `lone` are rows with a first cell only, and its text.

    `second_tables` are rows that seem to be another table's header, with the names of the columns that they turn to text.
    """

    lone: dict[int, str] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    last_record: int = 0
    records: int = 0
    first_record: tuple[str, ...] = ()
    second_tables: dict[int, list[str]] = field(default_factory=dict)


def keep_records(batch: Batch, names: Sequence[str], survey: RowSurvey) -> Batch:
    """The rows of a batch that are certainly records. The others are added to `survey`.

    Raises SourceError too-large for a file with too many blank rows.
    """
    filled: Any = pa.array([0] * len(batch.numbers), pa.int16())
    for column in batch.columns:
        filled = pc.add(filled, pc.cast(pc.not_equal(column, pa.scalar("")), pa.int16()))
    is_blank: Any = pc.equal(filled, pa.scalar(0, pa.int16()))
    first = batch.columns[0]
    is_lone: Any = pc.and_(pc.equal(filled, pa.scalar(1, pa.int16())), pc.not_equal(first, pa.scalar("")))
    if len(batch.columns) < _MIN_WIDTH or len(survey.lone) > MOST_LONE:
        is_lone = pa.array([False] * len(batch.numbers))
    survey.blank += batch.numbers.filter(is_blank).to_pylist()
    if len(survey.blank) > _MOST_BLANK:
        detail = f"more than {_MOST_BLANK} rows are blank; save the table without them"
        raise SourceError("too-large", detail, format_places(survey.blank))
    lone = batch.numbers.filter(is_lone).to_pylist()
    survey.lone.update(zip(lone, first.filter(is_lone).to_pylist(), strict=True))
    survey.totals += batch.numbers.filter(pc.is_in(first, pa.array(_TOTALS))).to_pylist()
    is_repeated = _is_header_again(batch, names)
    survey.repeated += batch.numbers.filter(is_repeated).to_pylist()
    is_record = pc.invert(pc.or_(is_repeated, pc.or_(is_blank, is_lone)))
    records = Batch(batch.numbers.filter(is_record), [column.filter(is_record) for column in batch.columns])
    survey.records += len(records.numbers)
    if len(records.numbers):
        survey.first_record = survey.first_record or _row(records, 0)
        _find_second_tables(records, names, survey)
        survey.last_record = records.numbers[-1].as_py()
    return records


def _row(batch: Batch, index: int) -> tuple[str, ...]:
    return tuple(column[index].as_py() for column in batch.columns)


def _find_second_tables(records: Batch, names: Sequence[str], survey: RowSurvey) -> None:
    """Find rows below a gap that have names where the first record has numbers, and are followed by a record."""
    gaps = [
        number
        for number in (*survey.blank[-_MOST_GAPS:], *list(survey.lone)[-_MOST_GAPS:])
        if number >= survey.last_record
    ]
    if not gaps or len(survey.second_tables) >= _MOST_GAPS:
        return
    after = pc.indices_nonzero(pc.is_in(records.numbers, pa.array([number + 1 for number in gaps], pa.int64())))
    for index in after.to_pylist():
        cells = _row(records, index)
        filled = [cell for cell in cells if cell]
        are_names = len(set(filled)) == len(filled) > 1 and not any(
            cell in MISSING or _NUMBER.fullmatch(cell) for cell in filled
        )
        turned = [
            name
            for name, cell, first in zip(names, cells, survey.first_record, strict=True)
            if cell and _NUMBER.fullmatch(first)
        ]
        below = _row(records, index + 1) if index + 1 < len(records.numbers) else ()
        if are_names and turned and any(_NUMBER.fullmatch(cell) for cell in below):
            survey.second_tables[records.numbers[index].as_py()] = turned


def _is_header_again(batch: Batch, names: Sequence[str]) -> Any:
    """Mark the rows that equal the header: pages or files were appended to each other."""
    is_repeated: Any = pa.array([len(names) > 1] * len(batch.numbers))
    for column, name in zip(batch.columns, names, strict=True):
        is_repeated = pc.and_(is_repeated, pc.equal(column, pa.scalar(name)))
        if not pc.any(is_repeated).as_py():
            break
    return is_repeated


@dataclass(slots=True)
class Headings:
    """The lone rows by number: headings and records with their text, and footnotes."""

    sections: dict[int, str]
    footnotes: list[int]
    records: dict[int, str]


def find_headings(survey: RowSurvey, grid: Grid, *, is_first_numeric: bool, is_padded: bool = False) -> Headings:
    """Separate headings from records with one cell. `is_first_numeric`: all other rows have a number as their first cell.

    Headings are fewer than the rows below them. Where lone rows are more than that, they are records. A line of text with
    one cell only is a heading, a footnote, or where short rows are filled (`is_padded`) a record; else it raises SourceError
    row-ragged.
    """
    sections: dict[int, str] = {}
    records: dict[int, str] = {}
    for number, text in survey.lone.items():
        is_heading = is_first_numeric or number in grid.merged_rows or _HEADING.fullmatch(text)
        (sections if is_heading and not _NUMBER.fullmatch(text) else records)[number] = text
    if len(sections) > max(_FEW, (survey.records + len(records)) // 2) or len(sections) > MOST_LONE:
        sections, records = {}, dict(survey.lone)
    gap = next((number for number in survey.blank if number > survey.last_record), None)
    notes = [
        number
        for number, text in records.items()
        if number > survey.last_record
        and (_NOTE.fullmatch(text) or (gap is not None and number > gap and number in grid.single_cells))
    ]
    for number in notes:
        del records[number]
    last = max((survey.last_record, *records))
    footnotes = sorted([*notes, *(number for number in sections if number > last)])
    sections = {number: text for number, text in sections.items() if number <= last}
    short = [number for number in records if number in grid.single_cells]
    if short and not is_padded:
        detail = f"{count(len(short), 'row')} with one cell, where the header has {len(grid.names)}"
        raise SourceError("row-ragged", detail, format_places(short))
    return Headings(sections, footnotes, records)


def describe_rows(survey: RowSurvey, headings: Headings, column: str | None) -> list[Note]:
    """Notes on rows that are left out or may be no records, with their first places."""
    described: list[tuple[NoteCode, Sequence[int], str]] = [
        (
            "section-rows",
            list(headings.sections),
            f"headings inside the table are no rows; their texts are in {column}",
        ),
        ("footnotes-dropped", headings.footnotes, "lines below the table are left out"),
        ("title-rows-dropped", survey.repeated, "rows that repeat the header are left out"),
        (
            "blank-rows-dropped",
            [number for number in survey.blank if number < survey.last_record],
            "blank rows are left out",
        ),
        ("total-row", survey.totals, "rows that look like totals stay rows of the dataset"),
        ("lone-rows", list(headings.records), "rows with a first cell only stay rows of the dataset"),
    ]
    notes = [Note(code, f"{text}: {len(rows)}", format_places(rows)) for code, rows, text in described if rows]
    if survey.second_tables:
        columns = ", ".join(dict.fromkeys(name for names in survey.second_tables.values() for name in names))
        text = f"another table seems to begin here; its rows stay rows of the dataset, and turn the type of {columns}"
        notes.append(Note("second-table", text, format_places(list(survey.second_tables))))
    return notes


class SectionColumn:
    """The column `section`: for each record the heading above it."""

    def __init__(self, sections: dict[int, str]) -> None:
        self._numbers = pa.array(list(sections), pa.int64())
        self._texts = pa.array(list(sections.values()), pa.string())
        self._current: str | None = None

    def fill(self, numbers: Any) -> Any:
        """The headings above the rows of a batch; for a heading, itself. Call it with batches in order."""
        starts = self._texts.take(pc.index_in(numbers, self._numbers))
        filled = pc.fill_null_forward(pa.concat_arrays([pa.array([self._current], pa.string()), starts])).slice(1)
        if len(filled):
            self._current = filled[-1].as_py()
        return filled
