"""Mend the archive of a workbook (.xlsx, .xlsb, .ods) where the parser is stricter than spreadsheet programs.

- It reads XML in UTF-8 only; XML may as well be in UTF-16.
- It needs the member `mimetype` of an OpenDocument sheet, which some programs leave out.
- It reads the dates of a binary workbook that are packed as integers as plain numbers.
"""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from adapters.contract import SourceError
from adapters.files.workbook.binary_sheet import unpack_integers

_XML: Final = (".xml", ".rels", ".vml")
_UTF16: Final = (BOM_UTF16_LE, BOM_UTF16_BE, "<?".encode("utf-16-le"), "<?".encode("utf-16-be"))
_DECLARED: Final = re.compile(r'^(<\?xml[^>]*?)\sencoding=["\'][^"\']*["\']')
_ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
_BINARY_SHEET: Final = re.compile(r"xl/worksheets/(?!binaryIndex)[^/]+\.bin", re.IGNORECASE)
_MANIFEST: Final = "META-INF/manifest.xml"


def mend_archive(path: Path, copy: Path) -> bool:
    """Write a copy that the parser reads; False if the archive needs none. Raises SourceError file-encrypted."""
    with ZipFile(path) as archive:
        names = archive.namelist()
        wide = {name for name in names if name.endswith(_XML) and _is_utf16(archive, name)}
        if _MANIFEST in names and b"encryption-data" in archive.read(_MANIFEST):
            raise SourceError("file-encrypted", "the sheet needs a password; save it without one")
        lacks_type = path.suffix == ".ods" and "mimetype" not in names
        is_binary = path.suffix == ".xlsb"
        packed = {name for name in names if is_binary and _BINARY_SHEET.fullmatch(name)}
        if not wide and not lacks_type and not packed:
            return False
        with ZipFile(copy, "w", ZIP_STORED if packed else ZIP_DEFLATED) as mended:
            if lacks_type:
                mended.writestr("mimetype", _ODS)
            for name in names:
                content = archive.read(name)
                if name in packed:
                    content = unpack_integers(content)
                mended.writestr(name, _to_utf8(content) if name in wide else content)
    return True


def _is_utf16(archive: ZipFile, name: str) -> bool:
    with archive.open(name) as part:
        return part.read(4).startswith(_UTF16)


def _to_utf8(content: bytes) -> bytes:
    marked = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    encoding = "utf-16" if marked else "utf-16-le" if content.startswith(_UTF16[2]) else "utf-16-be"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return content
    return _DECLARED.sub(r"\1", text).encode()
