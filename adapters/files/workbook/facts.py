"""Facts of a sheet in a workbook's file beside its cells' values: hidden parts and errors.

The parser gives the values alone: an error is an empty cell to it, and a hidden row a row like others.
"""

from dataclasses import dataclass, field
from typing import Final

_MOST: Final = 2**20  # the rows of a sheet
_SHOWN: Final = 5
_LETTERS: Final = 26
# The errors of cells by their number in binary workbooks.
ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


@dataclass(slots=True)
class SheetFacts:
    """Indices (from 0) of hidden columns and rows; cells with errors and formulas without a value, by row and column.

    `counts_from_1904`: day 0 of the workbook is 1 January 1904, not 30 December 1899.
    """

    hidden_columns: set[int] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    uncalculated: dict[tuple[int, int], None] = field(default_factory=dict)
    counts_from_1904: bool = False

    def add_error(self, row: int, column: int, text: str) -> None:
        """Note an error in a cell, unless there are a million already."""
        if len(self.errors) < _MOST:
            self.errors[row, column] = text


def column_letters(index: int) -> str:
    """The name of a column as a spreadsheet shows it: A for 0, AB for 27."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_index(letters: bytes) -> int:
    """The index of a column from its letters."""
    index = 0
    for letter in letters:
        index = index * _LETTERS + letter - ord("A") + 1
    return index - 1


def format_cells(cells: list[tuple[int, int]]) -> str:
    """The first cells as text: `cells B3, C2 and 4 more`."""
    first = ", ".join(f"{column_letters(column)}{row + 1}" for row, column in cells[:_SHOWN])
    more = f" and {len(cells) - _SHOWN} more" if len(cells) > _SHOWN else ""
    return f"cell{'s' if len(cells) > 1 else ''} {first}{more}"
