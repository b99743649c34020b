"""Read text tables: CSV, TSV and their relatives, in UTF-8.

The fast reader (Arrow's) takes regular files, whose rows are all as wide as the header. At the first irregular row the
careful reader starts again from the top: it is ten times slower, but names the lines that are wrong, and accepts titles,
sections and trailing delimiters.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from adapters.contract import Note, SourceError
from adapters.files.grid import Batch, Grid, format_places, make_batches
from adapters.files.infer.layout import HEAD_ROWS, Layout, find_layout
from adapters.files.infer.prose import check_single_column
from adapters.files.infer.sections import MOST_LONE
from adapters.files.options import MAX_CELL, ImportOptions
from adapters.files.read.encoding import TextFile
from adapters.files.read.quotes import BLOCK, check_quotes, find_block_size

_DELIMITERS: Final = (",", "\t", ";", "|", "，", "^")
_COMMAS: Final = (",", "，")  # who separates cells by commas writes no decimal commas
_SNIFFED_LINES: Final = 100
_SNIFFED_CHARS: Final = 2**18
_END_OF_FILE: Final = "\x1a"  # DOS programs write it after the last line
_MIN_SECTION_WIDTH: Final = 3
_MOST_RAGGED: Final = 100_000
_ONE_COLUMN: Final = Note("one-column", "no delimiter splits the lines; each is one cell")


class IrregularRow(Exception):
    """The fast reader has met a row for the careful reader."""


def read_delimited(text: TextFile, options: ImportOptions, *, is_careful: bool) -> Grid:
    """The table of a text file in UTF-8. Reading its batches may raise SourceError, and IrregularRow unless `is_careful`."""
    sample = _read_sample(text)
    delimiter = options.delimiter or sniff_delimiter(sample)
    head, ends = _read_head(text, delimiter)
    width = max((len(row) for row in head), default=0)
    layout = find_layout([_pad(row, width) for row in head], options.header_row)
    if not any(any(row[1:]) for row in head) and options.delimiter is None and options.header_row is None:
        check_single_column([row[0] if row else "" for row in head])
        layout = replace(layout, notes=(*layout.notes, _ONE_COLUMN))
    names = layout.names
    if layout.header >= 0 and options.ragged == "refuse":
        # The header determines the width: a longer row is a mistake, not a column without a name.
        names = names[: max(len(head[layout.header]), 1)]
    grid = Grid(
        names, [], notes=list(layout.notes), has_titles=layout.has_titles, are_commas_clear=delimiter in _COMMAS
    )
    if is_careful:
        rows = _careful_rows(text, delimiter, layout, options, grid)
        grid.batches = make_batches(rows, len(names))
    else:
        is_plain = text.quotes % 2 == 0 and not text.has_blank_lines and delimiter.isascii()
        if not is_plain or options.ragged == "pad":
            raise IrregularRow
        quotes = check_quotes(text.path, delimiter) if text.quotes else None
        block_size = find_block_size(text.path) if quotes and quotes.hold_returns else BLOCK
        if block_size is None or (quotes and not quotes.are_regular):
            raise IrregularRow
        skipped = ends[layout.first - 1] if layout.first else 0
        grid.batches = _fast_batches(
            text.path, delimiter, skipped, layout, len(names), block_size, has_quotes=text.quotes > 0
        )
    return grid


def sniff_delimiter(sample: str) -> str:
    """The delimiter that splits most lines into the same number (at least two) of cells.

    If none does, the lines are one column, whose cells may end in `;`: one that no line has, or else a comma.
    """
    best, best_score = next((each for each in _DELIMITERS if each not in sample), ","), 0.0
    lines = sample.splitlines(keepends=True)[:_SNIFFED_LINES]
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        widths = [len(row) for row in rows]
        wide = [width for width in widths if width > 1]
        if not wide or (widths[0] == 1 and not any(any(row[1:]) for row in rows)):
            continue
        usual = max(set(wide), key=lambda width: (wide.count(width), width))
        # Regularity counts first, the number of columns decides between equals.
        score = wide.count(usual) / len(widths) + min(usual, 99) / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _read_sample(text: TextFile) -> str:
    sample = ""
    for chunk in text.chunks():
        sample += chunk
        if len(sample) >= _SNIFFED_CHARS:
            return sample[:_SNIFFED_CHARS].rpartition("\n")[0] or sample
    return sample


def _lines(text: TextFile) -> Iterator[str]:
    """Lines for the csv module: with their ends, split at line feeds and carriage returns only."""
    with text.path.open(encoding=text.encoding, newline="") as file:
        yield from file


def _records(text: TextFile, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it ends on. Raises SourceError row-malformed with the line it begins on."""
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        begins = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _malformed(str(error), begins) from None
        yield reader.line_num, row


def _malformed(message: str, line: int) -> SourceError:
    if "field limit" in message:
        return SourceError(
            "too-large", f"a cell has more than {MAX_CELL} characters; perhaps a quote is never closed", f"line {line}"
        )
    if "unexpected end" in message:
        return SourceError("row-malformed", "a quote is opened and never closed", f"line {line}")
    return SourceError(
        "row-malformed", "text follows a closing quote; quotes inside a cell are doubled", f"line {line}"
    )


def _read_head(text: TextFile, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The first records, trimmed, and the line each ends on."""
    head, ends = [], []
    for line, row in islice(_records(text, delimiter), HEAD_ROWS):
        head.append([cell.strip() for cell in row])
        ends.append(line)
    return head, ends


def _pad(row: Sequence[str], width: int) -> Sequence[str]:
    return [*row, *[""] * (width - len(row))]


def _fast_batches(
    path: Path, delimiter: str, skipped_lines: int, layout: Layout, width: int, block_size: int, *, has_quotes: bool
) -> Iterator[Batch]:
    names = [f"c{index}" for index in range(width)]
    number = layout.first + 1
    try:
        reader = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(column_names=names, skip_rows=skipped_lines, block_size=block_size),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, quote_char='"' if has_quotes else False, newlines_in_values=has_quotes
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )
        for batch in reader:
            if batch.num_rows:
                numbers = pa.array(range(number, number + batch.num_rows), pa.int64())
                number += batch.num_rows
                columns = [pc.utf8_trim_whitespace(column) for column in batch.columns]
                yield Batch(numbers, columns)
    except pa.ArrowException as error:
        raise IrregularRow from error


def _careful_rows(  # noqa: C901 - one case per kind of row
    text: TextFile, delimiter: str, layout: Layout, options: ImportOptions, grid: Grid
) -> Iterator[tuple[int, Sequence[str]]]:
    """Numbered rows as wide as the grid. Raises SourceError row-ragged with the first lines that are not."""
    width = len(grid.names)
    fit = _row_fitter(width, is_padded=options.ragged == "pad")
    blank = [""] * width
    ragged: list[int] = []
    padded: list[int] = []
    for number, (line, cells) in enumerate(_records(text, delimiter), 1):
        if number <= layout.first:
            continue
        row = [cell.strip().strip(_END_OF_FILE) for cell in cells]
        if not row:
            row = blank
        elif len(row) != width:
            fitted = fit(row)
            if fitted is None:
                ragged.append(line)
                if len(ragged) > _MOST_RAGGED:
                    break
                continue
            if len(row) == 1 and row[0] and len(grid.single_cells) <= MOST_LONE:
                grid.single_cells.add(number)
            elif 1 < len(row) < width:
                padded.append(number)
            row = fitted
        if not ragged:
            yield number, row
    if ragged:
        detail = f"{len(ragged)} rows do not have the {width} cells of the header"
        raise SourceError("row-ragged", detail, format_places(ragged, "line"))
    if padded:
        grid.notes.append(
            Note("rows-padded", f"{len(padded)} rows were shorter than the header", format_places(padded))
        )


def _row_fitter(width: int, *, is_padded: bool) -> Callable[[list[str]], list[str] | None]:
    """A function that fits a row to the width, or returns None.

    It cuts empty cells at the end, completes a row of one cell (a section, a footnote) or none, and others if `is_padded`.
    """

    def fit(row: list[str]) -> list[str] | None:
        if len(row) > width:
            return row[:width] if not any(row[width:]) else None
        is_lone = len(row) <= 1 and (width >= _MIN_SECTION_WIDTH or not any(row))
        if is_lone or is_padded:
            return list(chain(row, [""] * (width - len(row))))
        return None

    return fit
