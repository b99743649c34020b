"""Import files that other people made, and compare every cell with an independent reader.

`python -m benchmarks.foreign_files DIRECTORY`, with files from the repositories of other projects, for instance.
Test data of other projects holds what no author of ours would think of. Each file is imported in its bounded process, as an
upload is. What was imported is read again by csv, json, openpyxl, xlrd, DuckDB or a few lines of ours, and compared cell by
cell; a difference has a class, and the classes that the importer promises (marks of missing values, trimmed text, …) are
counted apart from others.

Options: `--every N` takes each N-th file, `--report FILE` gets a line of JSON for each file.
"""

import argparse
import csv
import json
import re
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from adapters.contract import Description, SourceError
from adapters.files.infer.layout import clean_name
from adapters.files.infer.missing import MISSING
from adapters.files.options import ImportOptions
from adapters.files.process import import_bounded
from adapters.kind import ImportLimits
from tests.support.sheet_readers import Table, read_binary_sheets, read_binary_workbook, read_opendocument

SUFFIXES: Final = frozenset(
    ".csv .tsv .txt .tab .psv .dat .json .jsonl .ndjson .parquet .xls .xlsx .xlsm .xlsb .ods .et".split()  # noqa: SIM905
)
LIMITS: Final = ImportLimits(memory=1 << 30, seconds=60)
_ARCHIVES: Final = {".ods": read_opendocument, ".xlsb": read_binary_sheets}
_DELIMITERS: Final = ",;\t|"
_EXAMPLES: Final = 3


def main() -> None:
    """Import and compare, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    paths = sorted(
        path for path in arguments.directory.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    outcomes: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    for path in paths[:: arguments.every]:
        outcome, differences = _try(path)
        outcomes[outcome] += 1
        outcomes["compared"] += differences is not None
        classes.update({name: len(examples) for name, examples in (differences or {}).items()})
        if arguments.report:
            first_examples = {name: examples[:_EXAMPLES] for name, examples in (differences or {}).items()}
            with arguments.report.open("a") as report:
                report.write(
                    json.dumps({"file": str(path), "outcome": outcome, "differences": first_examples}, default=str)
                    + "\n"
                )
    for name, count in (*outcomes.most_common(), ("", ""), *classes.most_common()):
        print(f"{count:>10}  {name}")


def _try(path: Path) -> tuple[str, dict[str, list[Any]] | None]:
    """The outcome of a file, and the differences by class if it was compared."""
    with TemporaryDirectory() as temporary:
        try:
            imported = import_bounded(path, Path(temporary), ImportOptions(), LIMITS)
        except SourceError as error:
            is_crash = "crashes" in error.detail
            return f"refused: {error.code}" + (" (the reader crashes)" if is_crash else ""), None
        ours: Table = [tuple(row.values()) for row in pq.read_table(imported.path).to_pylist()]
    try:
        theirs = _read(path, imported.description)
    except Exception:  # noqa: BLE001 - whatever stops the other reader
        return "imported", None
    table = _align(theirs, imported.description, len(ours)) if theirs is not None else None
    return "imported", _compare(ours, table) if table is not None else None


def _read(path: Path, description: Description) -> Table | None:
    """The file as an independent reader gives it: the header and what is around it included. None if no reader takes it."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PAR1":
        relation = duckdb.read_parquet(str(path))
        return [relation.columns, *relation.fetchall()]
    other_sheets = next((note.where for note in description.notes if note.code == "other-sheets"), None)
    name = other_sheets[7:-1] if other_sheets else None
    if head == b"PK\x03\x04":
        if reader := _ARCHIVES.get(path.suffix.lower()):
            return reader(path, name)
        book = openpyxl.load_workbook(path, data_only=True)
        sheet = book[name] if name is not None else book.worksheets[0]
        return [tuple(row) for row in sheet.iter_rows(values_only=True)]
    if head.startswith(b"\xd0\xcf\x11\xe0") or path.suffix.lower() == ".xls":
        return read_binary_workbook(path, name)
    text = path.read_bytes().decode("utf-8-sig")
    if text.lstrip().startswith(("{", "[")):
        records = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
        names = list(dict.fromkeys(name for record in records for name in record))
        return [names, *([record.get(name) for name in names] for record in records)]
    return _read_text(text, len(description.fields))


def _read_text(text: str, width: int) -> Table | None:
    """The delimiter is the one that gives most rows the width of the description."""
    best: Table = []
    for delimiter in _DELIMITERS:
        with suppress(csv.Error):
            rows: Table = [
                row for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True) if row
            ]
            if sum(len(row) == width for row in rows) > sum(len(row) == width for row in best):
                best = rows
    return best or None


def _align(theirs: Table, description: Description, rows: int) -> Table | None:
    """The records: the columns under the names of the description, below the first row that has all of them."""
    names = [field.name for field in description.fields]
    for index, row in enumerate(theirs):
        header = [clean_name(str(cell)) if cell is not None else "" for cell in row]
        if all(header.count(name) == 1 for name in names):
            places = [header.index(name) for name in names]
            body: Table = [
                [row[place] if place < len(row) else None for place in places] for row in theirs[index + 1 :]
            ]
            body = [row for row in body if any(cell not in (None, "") for cell in row)] if len(body) != rows else body
            return body if len(body) == rows else None
    return None


def _compare(ours: Table, theirs: Table) -> dict[str, list[Any]]:
    """The cells of each class, with their rows and both values."""
    classes: dict[str, list[Any]] = {}
    for number, (ours_row, other) in enumerate(zip(ours, theirs, strict=True), 1):
        for left, right in zip(ours_row, other, strict=True):
            classes.setdefault(_class_of(left, right), []).append((number, left, right))
    return classes


def _class_of(value: Any, other: Any) -> str:
    if value == other and isinstance(value, bool) == isinstance(other, bool):
        return "equal"
    if value is None:
        return _class_of_missing(other)
    if isinstance(other, list | dict | tuple | bytes | bytearray):
        return "expected: nested or bytes as text"
    if isinstance(value, date | datetime) or isinstance(other, date | datetime | time):
        return _class_of_times(value, other)
    if isinstance(value, str) and isinstance(other, str):
        return _class_of_texts(value, other)
    return _class_of_numbers(value, other)


def _class_of_times(value: Any, other: Any) -> str:
    left, right = _parts(value), _parts(other)
    if left == right:
        return "equal"
    return "expected: order of day and month" if sorted(left) == sorted(right) else "DIFFERENT TIME"


def _class_of_texts(value: str, other: str) -> str:
    if value == other.strip():
        return "expected: trimmed"
    return "expected: line ends" if value.split() == other.split() else "DIFFERENT TEXT"


def _class_of_missing(other: Any) -> str:
    if isinstance(other, float) and other - other != 0:
        return "expected: not finite"
    if other is None or str(other).strip() == "":
        return "equal"
    if re.search(r"\(BC\)|^9999-12-31|^\d{5,}-", str(other)):
        return "expected: outside the years 1 to 9999"
    return "expected: mark of a missing value" if str(other).strip() in MISSING else "LOST VALUE"


def _class_of_numbers(number: Any, other: Any) -> str:
    if isinstance(number, bool) or isinstance(other, bool):
        return "equal" if str(number).lower() == str(other).strip().lower() else "DIFFERENT TRUTH"
    try:
        left, right = (Decimal(str(value).strip().replace(",", "")) for value in (number, other))
    except InvalidOperation:
        return "expected: other form as text" if str(number) == str(other) else "DIFFERENT VALUE"
    if left == right or float(left) == float(right):
        return "equal"
    return (
        "expected: short floats"
        if pa.scalar(float(left), pa.float32()) == pa.scalar(float(right), pa.float32())
        else "DIFFERENT NUMBER"
    )


def _parts(value: Any) -> list[int]:
    """The numbers of a date or a time, in UTC, without zeros at its end."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    numbers = [int(part) for part in re.findall(r"\d+", re.sub(r"(\.\d*?)0+(?!\d)", r"\1", text))]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


if __name__ == "__main__":
    main()
