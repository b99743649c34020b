"""Two faults of Arrow's fast reader of delimited text, kept away from it.

It accepts text after a closing quote, and changes the value: `"12" pipe` becomes `12 pipe`. The careful reader refuses it.
So the fast reader only takes files whose quotes are all where RFC 4180 has them: around a cell, and doubled inside one.

It loses the line feed of a quoted CRLF where a block begins between the two. So blocks begin elsewhere.
"""

from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHUNK: Final = 2**22
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


def check_quotes(path: Path, delimiter: str) -> Quotes:
    """Examine the quotes of a file. `delimiter` is ASCII."""
    ends = frozenset((b"", b"\n", b"\r", delimiter.encode()))
    is_inside = hold_returns = False
    pending = b"\n"  # what has been read since the last quote, or its two ends; a file begins where a row does
    with path.open("rb") as file:
        if file.read(len(BOM_UTF8)) != BOM_UTF8:
            file.seek(0)
        while chunk := file.read(_CHUNK):
            pieces = (pending + chunk).split(b'"')
            hold_returns = hold_returns or any(b"\r" in piece for piece in pieces[not is_inside :: 2])
            last = pieces.pop()
            outside = pieces[is_inside::2]
            if not {piece[:1] for piece in outside} | {piece[-1:] for piece in outside} <= ends:
                return Quotes(are_regular=False)
            is_inside = is_inside != bool(len(pieces) % 2)
            pending = b"" if is_inside else last[:1] + last[1:][-1:]
    return Quotes(are_regular=not is_inside and pending[:1] in ends, hold_returns=hold_returns)


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
