"""Detect the format of a file by its content: suffixes can be wrong (HTML named .xls, a workbook named .csv)."""

import lzma
import sys
import zlib
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final, Literal, TypeAlias
from zipfile import BadZipFile, ZipFile, is_zipfile

from adapters.contract import SourceError
from adapters.files.options import ImportOptions
from adapters.files.read.other_formats import recognise_other

FileFormat: TypeAlias = Literal["text", "workbook", "parquet"]

_HEAD: Final = 4096
_CHUNK: Final = 2**20
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The member that makes an archive a workbook, and the suffix by which the parser chooses its format.
_WORKBOOK_PARTS: Final = {"xl/workbook.xml": ".xlsx", "xl/workbook.bin": ".xlsb", "content.xml": ".ods"}
# Names of streams in an OLE file: of an encrypted package, and of an old workbook.
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_BOOKS: Final = ("Workbook".encode("utf-16-le"), "Book\0".encode("utf-16-le"))


def detect_format(path: Path, options: ImportOptions) -> FileFormat:
    """The format of a file. Raises SourceError file-unreadable, file-encrypted, file-empty, too-large, kind-unsupported."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        raise SourceError("file-unreadable", "the file cannot be opened") from None
    if size == 0 or not head.strip(b" \t\r\n\0"):
        raise SourceError("file-empty", "the file is empty")
    if size > options.max_bytes:
        raise SourceError("too-large", f"the file has {size} bytes; at most {options.max_bytes} are imported")
    if head.startswith((b"PAR1", b"PARE")):  # the second is encrypted
        return "parquet"
    if head.startswith(_OLE):
        _check_readable(path)
        return "workbook"
    if head.startswith(b"PK"):
        _check_archive(path, options)
        return "workbook"
    description = recognise_other(head)
    if description is not None:
        raise SourceError("kind-unsupported", description)
    return "text"


def workbook_suffix(path: Path) -> str:
    """The suffix for a workbook's content, whatever its name; "" if it is no workbook."""
    try:
        with path.open("rb") as file:
            if file.read(len(_OLE)) == _OLE:
                return ".xls"
        with ZipFile(path) as archive:
            names = set(archive.namelist())
    except (BadZipFile, OSError, ValueError):
        return ""
    return next((suffix for part, suffix in _WORKBOOK_PARTS.items() if part in names), "")


def _check_readable(path: Path) -> None:
    """Raise SourceError file-encrypted for a workbook with a password: an encrypted package in an OLE file."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        if content.find(_ENCRYPTED) >= 0 and all(content.find(name) < 0 for name in _BOOKS):
            raise SourceError("file-encrypted", "the workbook needs a password; save it without one")


def _check_archive(path: Path, options: ImportOptions) -> None:
    """Raise SourceError unless an archive is a workbook that declares sizes below the limit."""
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError, ValueError):
        raise SourceError("file-unreadable", "the workbook is damaged or truncated") from None
    if not any(member.filename in _WORKBOOK_PARTS for member in members):
        raise SourceError("kind-unsupported", "this is a ZIP archive; unpack it first")
    unpacked = sum(member.file_size for member in members)
    if unpacked > options.max_bytes:
        raise _too_large(str(unpacked), options)


def check_unpacked(path: Path, options: ImportOptions) -> None:
    """Unpack a workbook's archive and count its bytes: the sizes it declares may be wrong.

    Raises SourceError too-large, file-unreadable, file-encrypted.
    """
    unpacked = 0
    try:
        if path.suffix == ".xls" or not is_zipfile(path):
            return
        with ZipFile(path) as archive:
            for member in archive.infolist():
                member.file_size = sys.maxsize  # else reading stops at the declared size
                with archive.open(member) as part:
                    while chunk := part.read(_CHUNK):
                        unpacked += len(chunk)
                        if unpacked > options.max_bytes:
                            raise _too_large(f"more than {options.max_bytes}", options)
    except RuntimeError:
        raise SourceError("file-encrypted", "the workbook needs a password; save it without one") from None
    except (BadZipFile, EOFError, OSError, ValueError, NotImplementedError, zlib.error, lzma.LZMAError):
        raise SourceError("file-unreadable", "the workbook is damaged or truncated") from None


def _too_large(size: str, options: ImportOptions) -> SourceError:
    return SourceError("too-large", f"the workbook unpacks to {size} bytes; at most {options.max_bytes} are read")
