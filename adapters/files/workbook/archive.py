"""Mend the archive of a workbook (.xlsx, .ods) where the parser is stricter than spreadsheet programs.

- It reads XML in UTF-8 only; XML may as well be in UTF-16.
- It needs the member `mimetype` of an OpenDocument sheet, which some programs leave out.
"""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from adapters.contract import SourceError

_XML: Final = (".xml", ".rels", ".vml")
_UTF16: Final = (BOM_UTF16_LE, BOM_UTF16_BE, "<?".encode("utf-16-le"), "<?".encode("utf-16-be"))
_DECLARED: Final = re.compile(r'^(<\?xml[^>]*?)\sencoding=["\'][^"\']*["\']')
_ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST: Final = "META-INF/manifest.xml"


def mend_archive(path: Path, copy: Path) -> bool:
    """Write a copy that the parser reads; False if the archive needs none. Raises SourceError file-encrypted."""
    with ZipFile(path) as archive:
        names = archive.namelist()
        wide = {name for name in names if name.endswith(_XML) and _is_utf16(archive, name)}
        if _MANIFEST in names and b"encryption-data" in archive.read(_MANIFEST):
            raise SourceError("file-encrypted", "the sheet needs a password; save it without one")
        lacks_type = path.suffix == ".ods" and "mimetype" not in names
        if not wide and not lacks_type:
            return False
        with ZipFile(copy, "w", ZIP_DEFLATED) as mended:
            if lacks_type:
                mended.writestr("mimetype", _ODS)
            for name in names:
                content = archive.read(name)
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
