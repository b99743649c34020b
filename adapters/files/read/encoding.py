"""Detect the encoding of a text file by reading all of it, and convert the file to UTF-8.

Chinese offices write UTF-8 with and without a byte order mark, GB18030 (and its subsets GBK and GB2312) and, with Excel's
"Unicode text", UTF-16. Almost any bytes decode as GB18030, so the decoded text must also look Chinese: most ideographs of
real text are in the first level of GB/T 2312, its 3,755 common ones. Other files are refused, with the place of the first
byte that is not valid UTF-8.
"""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE, getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.contract import SourceError

_CHUNK: Final = 2**20
_LOOKED_AT: Final = 20_000  # ideographs
_COMMON_SHARE: Final = 0.6
_ZERO_EVERY: Final = 40  # bytes: one Latin character among twenty
_MARKS: Final = (
    (BOM_UTF8, "utf-8-sig"),
    (BOM_UTF32_LE, "utf-32"),
    (BOM_UTF32_BE, "utf-32"),
    (BOM_UTF16_LE, "utf-16"),
    (BOM_UTF16_BE, "utf-16"),
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
        decoder = getincrementaldecoder(self.encoding)()
        with self.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def find_encoding(path: Path, encoding: str | None = None) -> TextFile:
    """Detect the encoding, or verify a given one. Raises SourceError encoding-unknown with the line of the first bad byte."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    if encoding is not None:
        problem = _first_problem(path, encoding)
        if problem is None:
            return _describe(path, encoding)
        raise SourceError("encoding-unknown", f"the file is not valid {encoding}", problem)
    for mark, name in _MARKS:
        if head.startswith(mark):
            problem = _first_problem(path, name)
            if problem is None:
                return _describe(path, name)
            raise SourceError(
                "encoding-unknown",
                f"the file begins with the mark of {name[:6].upper()}, but is not valid in it",
                problem,
            )
    if wide := _detect_utf16(head):
        return _describe(path, wide) if _first_problem(path, wide) is None else _refuse(path)
    if b"\0" in head:
        raise SourceError(
            "kind-unsupported",
            "this is no workbook, no Parquet file, and no text, since it has NUL bytes",
            "byte " + str(head.index(0) + 1),
        )
    if _first_problem(path, "utf-8") is None:
        return _describe(path, "utf-8")
    if _first_problem(path, "gb18030") is None and _reads_as_chinese(path):
        return _describe(path, "gb18030")
    return _refuse(path)


def convert_to_utf8(text: TextFile, directory: Path) -> TextFile:
    """Copy a file to `directory` in UTF-8, which all readers expect. A file in UTF-8 is returned as it is."""
    if text.encoding in UTF8:
        return text
    copy = directory / "text"
    with copy.open("w", encoding="utf-8", newline="") as file:
        file.writelines(text.chunks())
    return _describe(copy, "utf-8")


def _refuse(path: Path) -> TextFile:
    raise SourceError(
        "encoding-unknown",
        "the text is neither UTF-8 nor GB18030; state it with the option `encoding`",
        _first_problem(path, "utf-8"),
    )


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
    """Detect UTF-16 without a mark: its Latin characters and line ends have a zero in every other byte."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) == 0 and max(even, odd) >= max(2, len(head) // _ZERO_EVERY):
        return "utf-16-be" if even else "utf-16-le"
    return None


def _reads_as_chinese(path: Path) -> bool:
    seen = common = strange = 0
    for text in TextFile(path, "gb18030", 0, has_blank_lines=False).chunks():
        for character in text:
            if character < "\x80":
                continue
            if "\u4e00" <= character <= "\u9fff":
                seen += 1
                common += _is_common(character)
            elif not ("\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uffef"):
                strange += 1
            if seen >= _LOOKED_AT:
                break
    return seen > 0 and common >= _COMMON_SHARE * seen and strange <= max(2, seen)


def _is_common(character: str) -> bool:
    """Whether an ideograph is in the first level of GB/T 2312 (rows 16 to 55, lead bytes B0 to D7)."""
    encoded = character.encode("gb2312", "ignore")
    return bool(encoded) and 0xB0 <= encoded[0] <= 0xD7  # noqa: PLR2004 - the rows named above
