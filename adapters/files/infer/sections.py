"""Rows that are no records: blank rows, headings of sections, footnotes, repeated headers.

People's sheets have "北京市（92所）" in one cell across the table, above Beijing's rows. This row is no record, but its text
belongs to the records below it: it becomes the column `section`. A row with one cell can also be a record, so it is a
heading only with further evidence: merged cells, titles above the table, or text where all other rows have a number. A
heading after the last record is a footnote.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import Note, SourceError
from adapters.files.grid import Batch, Grid, format_places

_MIN_WIDTH: Final = 3
_NUMBER: Final = re.compile(r"[+-]?[\d,.]+%?")
_TOTALS: Final = ("合计", "总计", "小计", "共计", "total", "Total", "TOTAL", "Grand Total")
MOST_LONE: Final = 100_000
_MOST_BLANK: Final = 2_000_000  # twice the rows of a sheet that is saved to its last row
_FEW: Final = 20


@dataclass(slots=True)
class RowSurvey:
    """The rows that may be no records, by number. `lone` are rows with a first cell only, and its text."""

    lone: dict[int, str] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    last_record: int = 0
    records: int = 0


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
        survey.last_record = records.numbers[-1].as_py()
    return records


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

    Headings are fewer than the rows below them. Where lone rows are more than that, they are records: those with a single
    cell only where short rows are filled (`is_padded`), else they raise SourceError row-ragged.
    """
    sections: dict[int, str] = {}
    records: dict[int, str] = {}
    for number, text in survey.lone.items():
        is_heading = number in grid.single_cells or grid.has_titles or is_first_numeric
        (sections if is_heading and not _NUMBER.fullmatch(text) else records)[number] = text
    if len(sections) > max(_FEW, (survey.records + len(records)) // 2) or len(sections) > MOST_LONE:
        single = [number for number in sections if number in grid.single_cells]
        if single and not is_padded:
            detail = f"{len(single)} rows have one cell where the header has {len(grid.names)}: too many to be headings"
            raise SourceError("row-ragged", detail, format_places(single))
        sections, records = {}, dict(survey.lone)
    last = max((survey.last_record, *records))
    footnotes = [number for number in sections if number > last]
    for number in footnotes:
        del sections[number]
    return Headings(sections, footnotes, records)


def describe_rows(survey: RowSurvey, headings: Headings, column: str | None) -> list[Note]:
    """Notes on rows that are left out or may be no records, with their first places."""
    notes = []
    if headings.sections:
        text = f"{len(headings.sections)} headings inside the table are no rows; their texts are in the column {column}"
        notes.append(Note("section-rows", text, format_places(list(headings.sections))))
    if headings.footnotes:
        text = f"{len(headings.footnotes)} lines below the table are left out"
        notes.append(Note("footnotes-dropped", text, format_places(headings.footnotes)))
    if survey.repeated:
        text = f"{len(survey.repeated)} rows that repeat the header are left out"
        notes.append(Note("title-rows-dropped", text, format_places(survey.repeated)))
    blank = [number for number in survey.blank if number < survey.last_record]
    if blank:
        notes.append(Note("blank-rows-dropped", f"{len(blank)} blank rows are left out", format_places(blank)))
    if survey.totals:
        text = f"{len(survey.totals)} rows look like totals; they stay rows of the dataset"
        notes.append(Note("total-row", text, format_places(survey.totals)))
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
