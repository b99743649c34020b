"""Rows that are not records: blank ones, headings of sections, footnotes, totals.

A sheet for people says "北京市（92所）" in one cell across the table and lists Beijing's rows below it. Such a row is no
record, but what it says belongs to the records under it: it becomes a column `section`. One cell in a row can also be
a record with little in it, so a row counts as a heading only when something more speaks for it: merged cells, titles
above the table, or text where all other rows have a number. After the last record it is a footnote.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import Note, SourceError
from adapters.files.grid import Batch, Grid, places

_MIN_WIDTH: Final = 3
_NUMBER: Final = re.compile(r"[+-]?[\d,.]+%?")
_TOTALS: Final = ("合计", "总计", "小计", "共计", "total", "Total", "TOTAL", "Grand Total")
MOST_LONE: Final = 100_000
_MOST_BLANK: Final = 2_000_000  # what a sheet saved to its last row holds, and as much again
_FEW: Final = 20


@dataclass(slots=True)
class Sorted_:  # noqa: N801 - `Sorted` would read as an order
    """What reading a grid once has found: `lone` are rows with only their first cell, by number."""

    lone: dict[int, str] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    last_record: int = 0
    records: int = 0


def without_odd_rows(batch: Batch, names: Sequence[str], found: Sorted_) -> Batch:
    """The rows of a batch that are records for certain; the others go to `found`. SourceError too-large where most of a
    long file is blank.
    """
    filled: Any = pa.array([0] * len(batch.numbers), pa.int16())
    for column in batch.columns:
        filled = pc.add(filled, pc.cast(pc.not_equal(column, pa.scalar("")), pa.int16()))
    is_blank: Any = pc.equal(filled, pa.scalar(0, pa.int16()))
    first = batch.columns[0]
    is_lone: Any = pc.and_(pc.equal(filled, pa.scalar(1, pa.int16())), pc.not_equal(first, pa.scalar("")))
    if len(batch.columns) < _MIN_WIDTH or len(found.lone) > MOST_LONE:
        is_lone = pa.array([False] * len(batch.numbers))
    found.blank += batch.numbers.filter(is_blank).to_pylist()
    if len(found.blank) > _MOST_BLANK:
        detail = f"more than {_MOST_BLANK} rows are blank; save the table without them"
        raise SourceError("too-large", detail, places(found.blank))
    lone = batch.numbers.filter(is_lone).to_pylist()
    found.lone.update(zip(lone, first.filter(is_lone).to_pylist(), strict=True))
    found.totals += batch.numbers.filter(pc.is_in(first, pa.array(_TOTALS))).to_pylist()
    is_repeated = _repeats(batch, names)
    found.repeated += batch.numbers.filter(is_repeated).to_pylist()
    is_record = pc.invert(pc.or_(is_repeated, pc.or_(is_blank, is_lone)))
    kept = Batch(batch.numbers.filter(is_record), [column.filter(is_record) for column in batch.columns])
    found.records += len(kept.numbers)
    if len(kept.numbers):
        found.last_record = kept.numbers[-1].as_py()
    return kept


def _repeats(batch: Batch, names: Sequence[str]) -> Any:
    """Rows that say the header again: pages or files were put one behind the other."""
    is_repeated: Any = pa.array([len(names) > 1] * len(batch.numbers))
    for column, name in zip(batch.columns, names, strict=True):
        is_repeated = pc.and_(is_repeated, pc.equal(column, pa.scalar(name)))
        if not pc.any(is_repeated).as_py():
            break
    return is_repeated


@dataclass(slots=True)
class Headings:
    """Which lone rows are headings (with their text) and footnotes; the rest are records."""

    sections: dict[int, str]
    footnotes: list[int]
    records: dict[int, str]


def headings(found: Sorted_, grid: Grid, *, is_first_numeric: bool, is_padded: bool = False) -> Headings:
    """Tell headings from records with one cell; `is_first_numeric`: all other rows have a number there.

    Headings are few among the rows that they head. Where there are more, those whose row has room for other cells are
    records; a row of one cell alone is ragged (SourceError row-ragged), unless such rows are to be filled (`is_padded`).
    """
    sections: dict[int, str] = {}
    records: dict[int, str] = {}
    for number, text in found.lone.items():
        speaks = number in grid.alone or grid.has_titles or is_first_numeric
        (sections if speaks and not _NUMBER.fullmatch(text) else records)[number] = text
    if len(sections) > max(_FEW, (found.records + len(records)) // 2) or len(sections) > MOST_LONE:
        alone = [number for number in sections if number in grid.alone]
        if alone and not is_padded:
            detail = f"{len(alone)} rows have one cell where the header has {len(grid.names)}: too many to be headings"
            raise SourceError("row-ragged", detail, places(alone))
        sections, records = {}, dict(found.lone)
    last = max((found.last_record, *records))
    footnotes = [number for number in sections if number > last]
    for number in footnotes:
        del sections[number]
    return Headings(sections, footnotes, records)


def notes_on_rows(found: Sorted_, headings_: Headings, column: str | None) -> list[Note]:
    """What was left out or looks odd, with its first places."""
    notes = []
    if headings_.sections:
        text = f"{len(headings_.sections)} headings inside the table are no rows; each is kept in the column {column}"
        notes.append(Note("section-rows", text, places(list(headings_.sections))))
    if headings_.footnotes:
        text = f"{len(headings_.footnotes)} lines below the table are left out"
        notes.append(Note("footnotes-dropped", text, places(headings_.footnotes)))
    if found.repeated:
        text = f"{len(found.repeated)} rows that repeat the header are left out"
        notes.append(Note("title-rows-dropped", text, places(found.repeated)))
    blank = [number for number in found.blank if number < found.last_record]
    if blank:
        notes.append(Note("blank-rows-dropped", f"{len(blank)} blank rows are left out", places(blank)))
    if found.totals:
        text = f"{len(found.totals)} rows look like totals; they are rows of the dataset like any other"
        notes.append(Note("total-row", text, places(found.totals)))
    return notes


class SectionColumn:
    """Fills the column `section`: each record gets the heading above it."""

    def __init__(self, sections: dict[int, str]) -> None:
        self._numbers = pa.array(list(sections), pa.int64())
        self._texts = pa.array(list(sections.values()), pa.string())
        self._current: str | None = None

    def fill(self, numbers: Any) -> Any:
        """The headings in force for rows of these numbers, headings among them included; batches come in order."""
        starts = self._texts.take(pc.index_in(numbers, self._numbers))
        filled = pc.fill_null_forward(pa.concat_arrays([pa.array([self._current], pa.string()), starts])).slice(1)
        if len(filled):
            self._current = filled[-1].as_py()
        return filled
