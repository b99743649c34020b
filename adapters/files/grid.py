"""A table of text, before its types are inferred: what readers of text, JSON and workbooks return.

Cells are trimmed text, "" where empty. Batches hold columns, and the number of each row in its file (from 1, as a
spreadsheet shows it), so that later errors can name the row.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import IntFlag
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import Note

BATCH: Final = 20_000
_BATCH_CHARACTERS: Final = 2**26


class CellKind(IntFlag):
    """The types of a column's cells in a file with types (a workbook, JSON). Missing values do not count."""

    NONE = 0
    TEXT = 1
    NUMBER = 2
    MOMENT = 4
    BOOLEAN = 8


@dataclass(slots=True)
class Batch:
    """Rows: their numbers, and a string array for each column, all of the same length."""

    numbers: Any
    columns: list[Any]


@dataclass(slots=True)
class Grid:
    """A table of text.

    `kinds` is None for text files; reading the batches fills it for files with types. Reading also fills `single_cells`:
    the numbers of rows whose cell is alone on its line of text. `merged_rows`: those whose first cell is merged with others
    beside it. `has_titles`: rows stand above the header.
    `is_sheet`: people laid it out, perhaps with sections and blank rows. `day_zero`: the date of the number 0 where
    numbers may be dates.
    `are_commas_clear`: a comma in a number groups thousands, and begins no decimals.
    """

    names: list[str]
    batches: Iterable[Batch]
    kinds: list[CellKind] | None = None
    notes: list[Note] = field(default_factory=list)
    single_cells: set[int] = field(default_factory=set)
    merged_rows: set[int] = field(default_factory=set)
    has_titles: bool = False
    is_sheet: bool = True
    day_zero: date | None = None
    are_commas_clear: bool = True


class RowNumbers:
    """A compact set of row numbers: a file may have millions of rows that are no records."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._sorted = array("q", sorted(numbers))

    def mask(self, numbers: Any) -> Any:
        """Mark a batch's ascending row numbers that are in the set, in a boolean array; None if none is."""
        if not len(numbers):
            return None
        start = bisect_left(self._sorted, numbers[0].as_py())
        end = bisect_right(self._sorted, numbers[-1].as_py())
        return pc.is_in(numbers, pa.array(self._sorted[start:end], pa.int64())) if start < end else None


def make_batches(rows: Iterable[tuple[int, Sequence[str]]], width: int) -> Iterator[Batch]:
    """Group numbered rows of `width` cells into batches."""
    numbers: list[int] = []
    cells: list[Sequence[str]] = []
    characters = 0
    for number, row in rows:
        numbers.append(number)
        cells.append(row)
        characters += sum(map(len, row))
        if len(cells) == BATCH or characters > _BATCH_CHARACTERS:
            yield _batch(numbers, cells, width)
            numbers, cells, characters = [], [], 0
    if cells:
        yield _batch(numbers, cells, width)


def _batch(numbers: list[int], cells: list[Sequence[str]], width: int) -> Batch:
    columns = list(zip(*cells, strict=True)) if width else []
    return Batch(pa.array(numbers, pa.int64()), [pa.array(column, pa.string()) for column in columns])


def count(number: int, noun: str) -> str:
    """A number of things as text: `1 row`, `2 rows`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def format_places(numbers: Sequence[int], noun: str = "row") -> str:
    """The first places as text: `rows 4, 97, 154, 286, 369 and 26 more`."""
    first = ", ".join(str(number) for number in numbers[:5])
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""  # noqa: PLR2004 - the five shown
    return f"{noun}{'s' if len(numbers) > 1 else ''} {first}{more}"
