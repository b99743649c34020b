"""Prepare a workbook for the parser: mend what it reads wrongly, and find out what it does not give."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile

from adapters.contract import SourceError
from adapters.files.workbook.archive import mend_archive
from adapters.files.workbook.binary_sheet import examine_binary_sheet
from adapters.files.workbook.facts import SheetFacts
from adapters.files.workbook.old import OldWorkbook
from adapters.files.workbook.open_document import examine_open_sheet
from adapters.files.workbook.sheet_xml import examine_sheet

Examine: TypeAlias = Callable[[int, str], SheetFacts]


def prepare(path: Path) -> tuple[Path, Examine]:
    """The path that the parser reads, and a function that examines a sheet, given its index and name.

    The suffix of the path states the workbook's format. Raises SourceError file-encrypted, file-unreadable.
    """
    copy = path.with_name(f"mended{path.suffix}")
    if path.suffix == ".xls":
        book = OldWorkbook(path.read_bytes())
        return (copy if book.mend(copy) else path), lambda index, _name: book.facts(index)
    try:
        mended = copy if mend_archive(path, copy) else path
    except (BadZipFile, OSError, NotImplementedError):
        raise SourceError("file-unreadable", "the workbook is damaged or truncated") from None
    if path.suffix == ".xlsx":
        return mended, lambda index, _name: examine_sheet(mended, index)
    if path.suffix == ".xlsb":
        return mended, lambda index, _name: examine_binary_sheet(mended, index)
    return mended, lambda _index, name: examine_open_sheet(mended, name)
