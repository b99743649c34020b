"""Import an uploaded file: read it once into an immutable snapshot.

A file is imported, or refused with the reason and the place. The description notes how it was understood (titles left
out, cells that count as missing, a column that stays text), for the owner to confirm.

`import_file` blocks while it reads (seconds for a million rows), and takes the memory that the file demands: strangers'
files are imported by process.py.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import ImportedFile, Note, SourceError
from adapters.contract.hints import guess_hints
from adapters.files.deadline import Deadline
from adapters.files.grid import Batch, CellKind, Grid, RowNumbers
from adapters.files.infer.keys import find_key
from adapters.files.infer.sections import (
    Headings,
    RowSurvey,
    SectionColumn,
    describe_rows,
    find_headings,
    keep_records,
)
from adapters.files.infer.types import ColumnGuess, Guess, convert
from adapters.files.options import ImportOptions
from adapters.files.read.csv import IrregularRow, read_delimited
from adapters.files.read.encoding import convert_to_utf8, find_encoding
from adapters.files.read.file_format import check_unpacked, detect_format, workbook_suffix
from adapters.files.read.json import is_json, read_json
from adapters.files.read.parquet import import_parquet
from adapters.files.read.spool import Spool
from adapters.files.snapshot import Snapshot, write
from adapters.files.workbook.reading import name_sheets, read_workbook
from groundwork import durable

_HINT_ROWS: Final = 500
_OFFSET: Final = 4  # bytes beside the text of a cell


def import_file(
    path: Path, target_directory: Path, *, options: ImportOptions | None = None, deadline: Deadline | None = None
) -> ImportedFile:
    """Read a CSV, Excel, JSON or Parquet file into a snapshot below `target_directory`.

    Raises SourceError, and then leaves no file behind.
    """
    options = options or ImportOptions()
    deadline = deadline or Deadline()
    durable.make_directory(target_directory)
    file_format = detect_format(path, options)
    if file_format == "parquet":
        snapshot = import_parquet(path, target_directory, options, deadline)
    elif file_format == "workbook":
        with TemporaryDirectory(dir=target_directory, prefix="sheet-") as temporary:
            # The parser trusts the suffix, which can be wrong: a new workbook saved over an old one keeps its name.
            named = Path(temporary) / f"workbook{workbook_suffix(path)}"
            named.symlink_to(path.absolute())
            check_unpacked(named, options)
            snapshot = _import_grid(read_workbook(named, options), target_directory, options, deadline)
    else:
        snapshot = _import_text(path, target_directory, options, deadline)
    return ImportedFile(snapshot.path, snapshot.description)


def _import_text(path: Path, directory: Path, options: ImportOptions, deadline: Deadline) -> Snapshot:
    original = find_encoding(path, options.encoding)
    with TemporaryDirectory(dir=directory, prefix="text-") as temporary:
        text = convert_to_utf8(original, Path(temporary))
        notes = [] if text is original else [Note("encoding", f"the text is {original.encoding.upper()}")]
        if options.delimiter is None and is_json(text):
            return _import_grid(read_json(text, deadline), directory, options, deadline, notes)
        try:
            return _import_grid(read_delimited(text, options, is_careful=False), directory, options, deadline, notes)
        except IrregularRow:
            return _import_grid(read_delimited(text, options, is_careful=True), directory, options, deadline, notes)


def _import_grid(
    grid: Grid, directory: Path, options: ImportOptions, deadline: Deadline, notes: Sequence[Note] = ()
) -> Snapshot:
    """Two passes: spool the text and examine every cell, then convert and write."""
    grid.notes[:0] = notes
    unknown = sorted(options.types.keys() - set(grid.names))
    if unknown:
        raise SourceError("option-invalid", f"`types` names columns that the file does not have: {', '.join(unknown)}")
    with TemporaryDirectory(dir=directory, prefix="import-") as temporary:
        spool = Spool(Path(temporary) / "cells.arrow", len(grid.names))
        survey = RowSurvey()
        columns = [ColumnGuess(name, options) for name in grid.names]
        unpacked = 0
        for batch in grid.batches:
            deadline.check()
            unpacked += sum(column.nbytes - _OFFSET * len(column) for column in batch.columns)
            if unpacked > options.max_bytes:
                detail = f"the cells unpack to more than {options.max_bytes} bytes; import the table in parts"
                raise SourceError("too-large", detail)
            spool.add(batch)
            _examine(keep_records(batch, grid.names, survey) if grid.is_sheet else batch, columns)
        spool.finish()
        rows = _classify_lone_rows(grid, survey, columns, options)
        if not spool.rows or (grid.is_sheet and not survey.records and not rows.records):
            where = next((note.where for note in grid.notes if note.code == "other-sheets"), None)
            detail = name_sheets("the table has a header, but no row below it", grid.notes)
            raise SourceError("file-empty", detail, where)
        return _write(grid, spool, columns, survey, rows, directory, options, deadline)


def _examine(batch: Batch, columns: list[ColumnGuess]) -> None:
    if len(batch.numbers):
        for index, column in enumerate(columns):
            column.add(batch, index)


def _classify_lone_rows(grid: Grid, survey: RowSurvey, columns: list[ColumnGuess], options: ImportOptions) -> Headings:
    """Decide which rows with one cell are records, and examine those."""
    rows = find_headings(
        survey, grid, is_first_numeric=columns[0].is_numeric(but=len(survey.totals)), is_padded=options.ragged == "pad"
    )
    if rows.records:
        numbers = pa.array(list(rows.records), pa.int64())
        empty = pa.array([""] * len(rows.records), pa.string())
        cells = [pa.array(list(rows.records.values()), pa.string()), *[empty] * (len(columns) - 1)]
        _examine(Batch(numbers, cells), columns)
    return rows


def _write(
    grid: Grid,
    spool: Spool,
    columns: list[ColumnGuess],
    survey: RowSurvey,
    rows: Headings,
    directory: Path,
    options: ImportOptions,
    deadline: Deadline,
) -> Snapshot:
    kinds: Sequence[CellKind | None] = grid.kinds or [None] * len(columns)
    has_commas = not grid.are_commas_clear and any(column.has_decimal_commas() for column in columns)
    guesses = [
        column.conclude(
            kind, day_zero=grid.day_zero, are_commas_clear=grid.are_commas_clear, has_decimal_commas=has_commas
        )
        for column, kind in zip(columns, kinds, strict=True)
    ]
    included = [index for index, column in enumerate(columns) if column.is_wanted or len(columns) == 1]
    dropped = [column.name for column in columns if not column.is_wanted and len(columns) > 1]
    names = [grid.names[index] for index in included]
    section = _free_name("section", names) if rows.sections else None
    notes = [*grid.notes, *describe_rows(survey, rows, section)]
    if dropped:
        text = f"{len(dropped)} columns without a name and without a value are left out"
        notes.append(Note("column-dropped", text, ", ".join(dropped[:5])))
    notes += [note for index in included for note in guesses[index].notes]
    excluded = RowNumbers([*survey.blank, *survey.repeated, *rows.sections, *rows.footnotes])
    targets = [(index, grid.names[index], guesses[index]) for index in included]
    converted = _convert(spool, targets, excluded, rows, options, deadline)
    first = next(converted)
    types = [guesses[index].arrow for index in included]
    nullable = [guesses[index].nullable for index in included]
    unique = {grid.names[index]: columns[index].may_be_unique for index in included}
    key = find_key(names, types, nullable, unique, lambda position: spool.is_unique(included[position], excluded))
    if section:
        names, types, nullable = [*names, section], [*types, pa.string()], [*nullable, True]
    sample = pa.Table.from_arrays([array.slice(0, _HINT_ROWS) for array in first], names=names)
    return write(
        directory,
        names,
        types,
        chain([first], converted),
        nullable=nullable,
        key=key,
        notes=notes,
        hints=guess_hints(sample),
    )


def _convert(
    spool: Spool,
    targets: list[tuple[int, str, Guess]],
    excluded: RowNumbers,
    rows: Headings,
    options: ImportOptions,
    deadline: Deadline,
) -> Iterator[list[Any]]:
    """Batches of typed arrays, at least one. The column of sections, if any, is last."""
    sections = SectionColumn(rows.sections) if rows.sections else None
    is_empty = True
    for batch in spool.batches():
        deadline.check()
        extra = [sections.fill(batch.numbers)] if sections else []
        if (is_excluded := excluded.mask(batch.numbers)) is not None:
            is_record = pc.invert(is_excluded)
            batch.columns = [column.filter(is_record) for column in batch.columns]
            extra = [column.filter(is_record) for column in extra]
        arrays = []
        for index, name, guess in targets:
            try:
                arrays.append(convert(guess, batch.columns[index], options.time_zone))
            except pa.ArrowInvalid:
                kind = guess.shape.type if guess.shape else "string"
                raise SourceError("value-unfit", f'"{name}" has cells that are no {kind}') from None
        if len(arrays[0]) or is_empty:
            is_empty = False
            yield [*arrays, *extra]


def _free_name(wanted: str, names: list[str]) -> str:
    name, number = wanted, 2
    while name in names:
        name, number = f"{wanted}_{number}", number + 1
    return name
