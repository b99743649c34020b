"""Import a file in a test, and read its snapshot back; workbooks to import."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt

from adapters.contract import Description, SourceError
from adapters.files.importing import import_file
from adapters.files.options import ImportOptions


class Imported:
    """An imported file, read back from its snapshot."""

    def __init__(self, description: Description, table: pa.Table) -> None:
        self.description = description
        self.names = [field.name for field in description.fields]
        self.types = {field.name: field.type for field in description.fields}
        self.rows = [tuple(row.values()) for row in table.to_pylist()]
        self.notes = {note.code: note for note in description.notes}

    def column(self, name: str) -> list[Any]:
        """The values of a field."""
        return [row[self.names.index(name)] for row in self.rows]


def imported(tmp_path: Path, content: str | bytes, **options: Any) -> Imported:
    """Import the content of a file."""
    path = tmp_path / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = import_file(path, tmp_path / "snapshots", options=ImportOptions(**options))
    return Imported(result.description, pq.read_table(result.path))


def refused(tmp_path: Path, content: str | bytes, **options: Any) -> SourceError:
    """The error that refuses the content of a file."""
    with pytest.raises(SourceError) as caught:
        imported(tmp_path, content, **options)
    return caught.value


def book(write: Callable[[Any, Any], object], **settings: Any) -> bytes:
    """A workbook (.xlsx) that `write` fills, given the workbook and its sheet 名单."""
    buffer = BytesIO()
    default = {"in_memory": True, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(buffer, default | settings) as workbook:
        write(workbook, workbook.add_worksheet("名单"))
    return buffer.getvalue()


def book_of(*rows: list[Any], title: str = "Sheet", extra: str | None = None) -> bytes:
    """A workbook (.xlsx) of these rows, with a second, empty sheet `extra` if named."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if extra:
        workbook.create_sheet(extra)
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def old_book_of(*rows: list[Any]) -> bytes:
    """An old workbook (.xls) of these rows."""
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("旧")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()
