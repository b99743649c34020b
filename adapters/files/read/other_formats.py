"""Recognise files of formats that are not read, for a message that says what to do.

Systems export pages of HTML, web archives and XML with the suffix of a workbook. Read as text they would be one column of
markup. A table whose header is in angle brackets (`<DATE>,<OPEN>`) is no markup: it closes no element.
"""

import re
from typing import Final

_UNPACK: Final = "this is {}; unpack it first"
_EXPORT: Final = "this is {}; export the table as CSV"
_MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"%PDF", "this is a PDF; export the table from where it was made"),
    (0, b"\x1f\x8b", _UNPACK.format("a gzip archive")),
    (0, b"7z\xbc\xaf", _UNPACK.format("a 7z archive")),
    (0, b"Rar!", _UNPACK.format("a RAR archive")),
    (0, b"\x28\xb5\x2f\xfd", _UNPACK.format("a zstd archive")),
    (0, b"BZh", _UNPACK.format("a bzip2 archive")),
    (0, b"\xfd7zXZ\0", _UNPACK.format("an xz archive")),
    (0, b"\x04\x22\x4d\x18", _UNPACK.format("an LZ4 archive")),
    (0, b"MSCF", _UNPACK.format("a CAB archive")),
    (257, b"ustar", _UNPACK.format("a tar archive")),
    (2, b"-lh", _UNPACK.format("an LHA archive")),
    (0, b"\x89PNG", "this is a picture"),
    (0, b"\xff\xd8\xff", "this is a picture"),
    (0, b"GIF8", "this is a picture"),
    (0, b"SQLite format 3\0", _EXPORT.format("an SQLite database")),
    (4, b"Standard Jet DB\0", _EXPORT.format("an Access database")),
    (4, b"Standard ACE DB\0", _EXPORT.format("an Access database")),
    (0, b"\x89HDF\r\n", _EXPORT.format("an HDF5 file")),
    (0, b"$FL2", _EXPORT.format("an SPSS file")),
    (0, b"<stata_dta>", _EXPORT.format("a Stata file")),
    (0, b"ARROW1", "this is an Arrow file; save it as Parquet"),
    (0, b"FEA1", "this is a Feather file; save it as Parquet"),
    (0, b"ORC", "this is an ORC file; save it as Parquet"),
    (0, b"Obj\x01", "this is an Avro file; save it as Parquet"),
    (0, b"{\\rtf", "this is a text document (RTF)"),
    (0, b"%!PS", "this is a PostScript document"),
    (0, b"\x09\x00\x04\x00", "this is a workbook of Excel 2; open it in Excel and save it as .xlsx"),
    (0, b"\x09\x02\x06\x00", "this is a workbook of Excel 3; open it in Excel and save it as .xlsx"),
    (0, b"\x09\x04\x06\x00", "this is a workbook of Excel 4; open it in Excel and save it as .xlsx"),
    (0, b"ID;P", "this is a SYLK file; open it in Excel and save it as .xlsx"),
)
_SAVE: Final = "whatever its name; open it in Excel and save it as .xlsx"
_ELEMENTS: Final = (
    "html|head|body|meta|link|style|script|title|base|table|thead|tbody|tfoot|tr|td|th|caption|colgroup|col|div|span|p|br|hr|"
    "center|font|b|i|u|a|img|form|input|h[1-6]|ul|ol|li|pre|section|article|main|nav|header|footer|xml|rss|svg"
)
_MARKUP: Final = re.compile(rf"<(?:[!?]|(?:{_ELEMENTS})(?:\s[^<>]*)?/?>|[a-z][\w:.-]*\s+xmlns)", re.IGNORECASE)
_ELEMENT: Final = re.compile(r"<([A-Za-z_][\w:.-]*)(?:\s[^<>]*)?>")
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z-]*:[ \t]")
_MIME: Final = re.compile(r"^(?:mime-version|content-type|content-transfer-encoding):", re.IGNORECASE | re.MULTILINE)
_DIF: Final = re.compile(r'TABLE\s*\r?\n0,1\r?\n"')


def recognise_other(head: bytes) -> str | None:
    """Recognise a file's format by its first few thousand bytes, and state what to do; None if it is not recognised."""
    for place, magic, description in _MAGIC:
        if head.startswith(magic, place):
            return description
    text = head.decode("utf-8-sig", "replace").replace("\0", "").lstrip("\ufeff\ufffd \t\r\n")
    if _MARKUP.match(text):
        return f"this is a page of HTML or XML, {_SAVE}"
    element = _ELEMENT.match(text)
    if element and f"</{element[1]}" in text:
        return f"this is a page of HTML or XML, {_SAVE}"
    if _FIELD.match(text) and _MIME.search(text):
        return f"this is a web archive or an e-mail, {_SAVE}"
    if _DIF.match(text):
        return "this is a DIF file; open it in Excel and save it as .xlsx"
    return None
