"""Rows of a file as texts, alike for CSV and Parquet: the same value has the same text, whatever wrote it."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

from data_exchange_client.errors import ExchangeError
from data_exchange_client.frames import load

Row: TypeAlias = Sequence[str]
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,38})(\.[0-9]{1,38})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?", re.ASCII)
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_PIECE: Final = 1 << 20
_BATCH: Final = 10_000


class TableUnreadable(ExchangeError):
    """A file that is no table with a header. The message names file, place and reason."""


@dataclass(frozen=True, slots=True)
class Table:
    """An opened file: its columns in the order of the file, and its rows, read once."""

    columns: tuple[str, ...]
    rows: Iterator[Row]


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a CSV file (UTF-8 or GB18030) or, by the ending `.parquet`, a Parquet file. Raises TableUnreadable."""
    try:
        if path.suffix.lower() == ".parquet":
            yield _parquet(path)
        else:
            with path.open(encoding=_encoding(path), newline="") as stream:
                yield _csv(path, stream)
    except OSError as error:
        raise TableUnreadable(f"{path} cannot be read: {error.strerror or error}") from error


def text_of(value: Any) -> str:
    """The text of a value: numbers in plain digits, times with a blank, nothing for a missing value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return plain(value.isoformat(sep=" "))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return plain(repr(value) if isinstance(value, float) else str(value))


def plain(text: str) -> str:
    """A text as it is compared: `1.50` as `1.5`, `1e3` as `1000`, `007` as it is, a time with a blank."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        number = format(Decimal(text), "f")
        number = number.rstrip("0").rstrip(".") if "." in number else number
        return "0" if number == "-0" else number
    time = _TIME.fullmatch(text)
    if time is not None:
        fraction = (time[3] or "").rstrip("0")
        return f"{time[1]} {time[2]}{fraction if fraction != '.' else ''}"
    return text


def _encoding(path: Path) -> str:
    """The encoding in which the whole file can be read. Raises TableUnreadable."""
    for encoding in _ENCODINGS:
        try:
            with path.open(encoding=encoding, newline="") as stream:
                while stream.read(_PIECE):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise TableUnreadable(f"{path} is neither UTF-8 nor GB18030")


def _csv(path: Path, stream: Any) -> Table:
    reader = csv.reader(stream, strict=True)
    columns = tuple(name.strip() for name in next(_read(path, reader), ()))
    _demand_columns(path, columns)

    def rows() -> Iterator[Row]:
        for row in _read(path, reader):
            if len(row) == len(columns):
                yield [plain(value) for value in row]
            elif row:
                raise TableUnreadable(f"{path}, line {reader.line_num}: {len(row)} values for {len(columns)} columns")

    return Table(columns, rows())


def _read(path: Path, reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise TableUnreadable(f"{path}, line {reader.line_num}: {error}") from error


def _parquet(path: Path) -> Table:
    try:
        parquet = load("pyarrow.parquet")
    except ImportError as error:
        raise TableUnreadable(str(error)) from error
    try:
        file = parquet.ParquetFile(path)
    except ValueError as error:  # pyarrow.ArrowInvalid
        raise TableUnreadable(f"{path} is no Parquet file: {error}") from error
    columns = tuple(file.schema_arrow.names)
    _demand_columns(path, columns)

    def rows() -> Iterator[Row]:
        for batch in file.iter_batches(batch_size=_BATCH):
            values = [[text_of(value) for value in column.to_pylist()] for column in batch.columns]
            yield from zip(*values, strict=True)

    return Table(columns, rows())


def _demand_columns(path: Path, columns: Sequence[str]) -> None:
    if not columns or "" in columns or len(set(columns)) != len(columns):
        raise TableUnreadable(f"{path}: the first row has to name each column once")
