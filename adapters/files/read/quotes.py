"""Two faults of Arrow's fast reader of delimited text, kept away from it.

It accepts text after a closing quote, and changes the value: `"12" pipe` becomes `12 pipe`. The careful reader refuses it.
So the fast reader only takes files whose quotes are all where RFC 4180 has them: around a cell, and doubled inside one.

It loses the line feed of a quoted CRLF where a block begins between the two. So blocks begin elsewhere.
"""

from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

_CHUNK: Final = 2**22
_LONGEST: Final = 2**23  # bytes of a quoted part: more than a cell may have
_QUOTE: Final = pa.scalar(ord('"'), pa.uint8())
_NO_MARKS: Final = bytes(byte for byte in range(256) if byte not in b'"\r')
BLOCK: Final = 8 * 2**20
_STEP: Final = 4099
_TRIES: Final = 64


@dataclass(frozen=True, slots=True)
class Quotes:
    """The quotes of a file. `are_regular`: every one opens or closes a cell, or is doubled inside one.

    `hold_returns`: a quoted cell has a carriage return.
    """

    are_regular: bool
    hold_returns: bool = False


def check_quotes(path: Path, delimiter: str, chunk_size: int = _CHUNK) -> Quotes:
    """Examine the quotes of a file, `chunk_size` bytes at a time. `delimiter` is ASCII.

    Quotes open and close in turn. An opening one has a delimiter, a line end or a quote before it, a closing one after it.
    """
    beside = frozenset(delimiter.encode() + b'\r\n"')
    hold_returns = False
    before, rest = b"\n", b""  # the byte before what is examined next, and the beginning of a quoted part
    with path.open("rb") as file:
        if file.read(len(BOM_UTF8)) != BOM_UTF8:
            file.seek(0)
        while chunk := file.read(chunk_size):
            text = rest + chunk
            cut = text.rindex(b'"') if text.count(b'"') % 2 else len(text)
            text, rest = text[:cut], text[cut:]
            hold_returns = hold_returns or b"\r" in rest or _has_quoted_return(text)
            is_stray = before == b'"' and bool(text) and text[0] not in beside
            if is_stray or not _are_regular(before + text + b'"', beside) or len(rest) > _LONGEST:
                return Quotes(are_regular=False)
            before = text[-1:] or before
    return Quotes(are_regular=not rest, hold_returns=hold_returns)


def _are_regular(framed: bytes, beside: frozenset[int]) -> bool:
    """Whether the quotes between the first and the last byte, an even number, have one of the bytes `beside` them."""
    count = len(framed) - 2
    buffer = pa.py_buffer(framed)
    is_quote: Any = pc.equal(_bytes(buffer, count, 1), _QUOTE)
    openings, closings = _neighbours(buffer, 0, is_quote), _neighbours(buffer, 2, is_quote)
    return all(pair[0] in beside for pair in openings) and all(pair[1] in beside for pair in closings)


def _neighbours(buffer: Any, offset: int, is_quote: Any) -> list[bytes]:
    """The bytes beside quotes, in pairs: of one that opens, and of the one that closes. Each pair once."""
    neighbours = _bytes(buffer, len(is_quote), offset).filter(is_quote)
    pairs: Any = pa.Array.from_buffers(pa.binary(2), len(neighbours) // 2, [None, neighbours.buffers()[1]])
    distinct: list[bytes] = pairs.unique().to_pylist()
    return distinct


def _bytes(buffer: Any, count: int, offset: int) -> Any:
    return pa.Array.from_buffers(pa.uint8(), count, [None, buffer], offset=offset)


def _has_quoted_return(text: bytes) -> bool:
    """Whether a carriage return stands between quotes, of which there is an even number."""
    return b"\r" in text and b'"' in text.translate(None, _NO_MARKS).replace(b'""', b"")


def find_block_size(path: Path) -> int | None:
    """A number of bytes that cuts no CRLF of a file in two when it is read in blocks of it; None if none is near."""
    size = path.stat().st_size
    with path.open("rb") as file:
        for attempt in range(_TRIES):
            block = BLOCK + attempt * _STEP
            for place in range(block, size, block):
                file.seek(place - 1)
                if file.read(2) == b"\r\n":
                    break
            else:
                return block
    return None
