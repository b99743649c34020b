"""Prepare a workbook for the parser: mend what it reads wrongly, and find out what it does not give."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from adapters.files.options import ImportOptions
from adapters.files.workbook.facts import SheetFacts
from adapters.files.workbook.old import OldWorkbook
from adapters.files.workbook.sheet_xml import examine_sheet

Examine: TypeAlias = Callable[[int, str], SheetFacts]


def prepare(path: Path, _options: ImportOptions) -> tuple[Path, Examine]:
    """The path that the parser reads, and a function that examines a sheet, given its index and name.

    The suffix of the path states the workbook's format. Raises SourceError file-encrypted, file-unreadable.
    """
    if path.suffix == ".xls":
        book = OldWorkbook(path.read_bytes())
        copy = path.with_name("mended.xls")
        return (copy if book.mend(copy) else path), lambda index, _name: book.facts(index)
    if path.suffix == ".xlsx":
        return path, lambda index, _name: examine_sheet(path, index)
    return path, lambda _index, _name: SheetFacts()
