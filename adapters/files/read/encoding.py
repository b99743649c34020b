"""Detect the encoding of a text file by reading all of it, and convert the file to UTF-8.

Chinese offices write UTF-8 with and without a byte order mark, GB18030 (and its subsets GBK and GB2312) and, with Excel's
"Unicode text", UTF-16. Almost any bytes decode as GB18030 or UTF-16, so the decoded text must also read like text. Other
files are refused, with the place of the first byte that is not valid UTF-8; their owner states the encoding.
"""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE, getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unicodedata import category

from adapters.contract import SourceError
from adapters.files.read.chinese import reads_as_chinese

_CHUNK: Final = 2**20
_ZERO_EVERY: Final = 40  # bytes: one Latin character among twenty
_LOOKED_AT: Final = 20_000  # characters
_NO_TEXT: Final = ("Cc", "Cn", "Co", "Cs")  # control, unassigned, private, surrogate
_BOM_GB18030: Final = b"\x84\x31\x95\x33"
_MARKS: Final = (
    (BOM_UTF8, "utf-8-sig"),
    (BOM_UTF32_LE, "utf-32"),
    (BOM_UTF32_BE, "utf-32"),
    (BOM_UTF16_LE, "utf-16"),
    (BOM_UTF16_BE, "utf-16"),
    (_BOM_GB18030, "gb18030"),
)
UTF8: Final = ("utf-8", "utf-8-sig")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file of known encoding. The number of its quotes and blank lines inside it decide which reader takes it."""

    path: Path
    encoding: str
    quotes: int
    has_blank_lines: bool

    def chunks(self) -> Iterator[str]:
        """Its text, in pieces."""
        return _chunks(self.path, self.encoding)


def _chunks(path: Path, encoding: str) -> Iterator[str]:
    decoder = getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        if encoding == "gb18030" and file.read(len(_BOM_GB18030)) != _BOM_GB18030:
            file.seek(0)
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def find_encoding(path: Path, encoding: str | None = None) -> TextFile:
    """Detect the encoding, or verify a given one. Raises SourceError encoding-unknown with the line of the first bad byte."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    if encoding is not None:
        encoding = _with_mark(encoding, head)
        return _checked(path, encoding, f"the file is not valid {encoding}")
    for mark, name in _MARKS:
        if head.startswith(mark):
            title = name.removesuffix("-sig").upper()
            return _checked(path, name, f"the file begins with the mark of {title}, but is not valid in it")
    if (wide := _detect_utf16(head)) and _first_problem(path, wide) is None:
        return _describe(path, wide)
    if b"\0" in head and not wide:
        raise SourceError(
            "kind-unsupported",
            "this is no workbook, no Parquet file, and no text, since it has NUL bytes",
            "byte " + str(head.index(0) + 1),
        )
    for name in ("utf-8", "gb18030") if not wide else ():
        if _first_problem(path, name) is None and (name == "utf-8" or reads_as_chinese(_chunks(path, name))):
            return _describe(path, name)
    raise SourceError(
        "encoding-unknown",
        "the text is neither UTF-8 nor GB18030; state it with the option `encoding`",
        _first_problem(path, "utf-8"),
    )


def _checked(path: Path, encoding: str, detail: str) -> TextFile:
    problem = _first_problem(path, encoding)
    if problem is not None:
        raise SourceError("encoding-unknown", detail, problem)
    return _describe(path, encoding)


def convert_to_utf8(text: TextFile, directory: Path) -> TextFile:
    """Copy a file to `directory` in UTF-8, which all readers expect. A file in UTF-8 is returned as it is."""
    if text.encoding in UTF8:
        return text
    copy = directory / "text"
    with copy.open("w", encoding="utf-8", newline="") as file:
        file.writelines(text.chunks())
    return _describe(copy, "utf-8")


def _with_mark(encoding: str, head: bytes) -> str:
    """The codec for a stated encoding that takes the file's byte order mark off, or does without one."""
    for mark, name in _MARKS:
        if head.startswith(mark) and encoding.startswith(name.removesuffix("-sig")):
            return name
    if encoding == "utf-16":
        return _detect_utf16(head) or "utf-16-le"
    return "utf-32-le" if encoding == "utf-32" else encoding


def _first_problem(path: Path, encoding: str) -> str | None:
    """The line (from 1) where decoding fails; None if it does not."""
    decoder = getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                return f"line {line + error.object[: error.start].count(10)}"
            except UnicodeError:  # of a codec with a mark
                return f"line {line}"
            if not chunk:
                return None


def _describe(path: Path, encoding: str) -> TextFile:
    quotes, is_after_break, has_blank_lines = 0, False, False
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            quotes += chunk.count(b'"')
            # A blank line counts only if something follows it.
            if is_after_break and chunk.strip(b"\r\n") and chunk[:1] in b"\r\n":
                has_blank_lines = True
            stripped = chunk.rstrip(b"\r\n")
            has_blank_lines = has_blank_lines or b"\n\n" in stripped or b"\n\r\n" in stripped
            is_after_break = chunk.endswith(b"\n")
    return TextFile(path, encoding, quotes, has_blank_lines)


def _detect_utf16(head: bytes) -> str | None:
    """Detect UTF-16 without a mark: its Latin characters and line ends have a zero in every other byte.

    Ideographs whose low byte is zero (一, U+4E00) have theirs on the other side. So the order of bytes is the one in which
    lines end, and no character is unassigned or a control character.
    """
    if max(head[::2].count(0), head[1::2].count(0)) < max(2, len(head) // _ZERO_EVERY):
        return None
    for name in ("utf-16-le", "utf-16-be"):
        text = getincrementaldecoder(name)("replace").decode(head)[:_LOOKED_AT]
        if ("\n" in text or "\r" in text) and not any(
            category(character) in _NO_TEXT and character not in "\t\r\n" for character in text
        ):
            return name
    return None
