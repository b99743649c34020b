"""The process that parses workbooks."""

from pathlib import Path

import openpyxl
import pytest

from adapters.files.importing import import_file


def test_a_relative_path_is_read_in_any_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = openpyxl.Workbook()
    for row in (["name", "age"], ["a", 1], ["b", 2]):
        book.active.append(row)
    book.save(tmp_path / "people.xlsx")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert import_file(Path("people.xlsx"), tmp_path / "snapshots").description.rows == 2
