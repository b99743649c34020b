"""Two faults of Arrow's fast reader of delimited text, kept away from it.

It accepts text after a closing quote, and changes the value: `"12" pipe` becomes `12 pipe`. The careful reader refuses it.
So the fast reader only takes files whose quotes are all where RFC 4180 has them: around a cell, and doubled inside one.

It loses the line feed of a quoted CRLF where a block begins between the two. So blocks begin elsewhere.
"""

import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHUNK: Final = 2**22
_LONGEST: Final = 2**23  # bytes of a quoted part: more than a cell may have
_QUOTED: Final = re.compile(rb'"[^"]*"')
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
    """Examine the quotes of a file. `delimiter` is ASCII.

    Each quoted part is replaced by one quote. Then a quote has only delimiters, line ends or quotes beside it.
    """
    ends = re.escape(delimiter).encode() + b'\r\n"'
    stray = re.compile(b'[^%b]"|"[^%b]' % (ends, ends))
    hold_returns = False
    before, rest = b"\n", b""  # the byte before what is examined next, and the beginning of a quoted part
    with path.open("rb") as file:
        if file.read(len(BOM_UTF8)) != BOM_UTF8:
            file.seek(0)
        while chunk := file.read(_CHUNK):
            text = rest + chunk
            cut = text.rindex(b'"') if text.count(b'"') % 2 else len(text)
            text, rest = text[:cut], text[cut:]
            bare = _QUOTED.sub(b'"', text)
            hold_returns = hold_returns or b"\r" in rest or text.count(b"\r") != bare.count(b"\r")
            if stray.search(before + bare + rest[:1]) or len(rest) > _LONGEST:
                return Quotes(are_regular=False)
            before = text[-1:] or before
    return Quotes(are_regular=not rest, hold_returns=hold_returns)


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
