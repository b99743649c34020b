"""The characters of a font file: its character map (OpenType `cmap`, formats 4 and 12), also of a collection of fonts.

A page is typeset without a word about characters that its fonts lack, so they are looked for before.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_COLLECTION: Final = b"ttcf"
_UNICODE: Final = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3))
"""Platform and encoding of the maps of Unicode, the most complete one first."""
_LAST: Final = 0xFFFF


class FontUnreadable(ValueError):
    """A file that is no font with a character map of Unicode."""


def characters(path: Path) -> frozenset[int]:
    """The code points that the first font of a file has. Raises FontUnreadable, OSError."""
    content = path.read_bytes()
    try:
        start = struct.unpack_from(">I", content, 12)[0] if content[:4] == _COLLECTION else 0
        return frozenset(_mapped(content, _table(content, start)))
    except (struct.error, StopIteration, KeyError) as error:
        raise FontUnreadable(f"{path.name} is no font with a character map of Unicode") from error


def _table(content: bytes, start: int) -> int:
    """The offset of the best character map. Raises KeyError."""
    count = struct.unpack_from(">H", content, start + 4)[0]
    records = {
        content[place : place + 4]: struct.unpack_from(">I", content, place + 8)[0]
        for place in range(start + 12, start + 12 + 16 * count, 16)
    }
    begin = records[b"cmap"]
    maps: dict[tuple[int, int], int] = {}
    for number in range(struct.unpack_from(">H", content, begin + 2)[0]):
        platform, encoding, offset = struct.unpack_from(">HHI", content, begin + 4 + 8 * number)
        maps[platform, encoding] = begin + offset
    return next(maps[kind] for kind in _UNICODE if kind in maps)


def _mapped(content: bytes, begin: int) -> Iterator[int]:
    form = struct.unpack_from(">H", content, begin)[0]
    if form == 12:  # noqa: PLR2004
        for number in range(struct.unpack_from(">I", content, begin + 12)[0]):
            first, last, _ = struct.unpack_from(">III", content, begin + 16 + 12 * number)
            yield from range(first, min(last, 0x10FFFF) + 1)
    elif form == 4:  # noqa: PLR2004
        yield from _segments(content, begin)
    else:
        raise KeyError(form)


def _segments(content: bytes, begin: int) -> Iterator[int]:
    doubled = struct.unpack_from(">H", content, begin + 6)[0]
    ends, starts = begin + 14, begin + 16 + doubled
    deltas, offsets = starts + doubled, starts + 2 * doubled
    for place in range(0, doubled, 2):
        end, start, delta, offset = (
            struct.unpack_from(">H", content, base + place)[0] for base in (ends, starts, deltas, offsets)
        )
        for code in range(start, end + 1):
            if code == _LAST:
                continue
            glyph = code
            if offset:
                glyph = struct.unpack_from(">H", content, offsets + place + offset + 2 * (code - start))[0]
                if not glyph:
                    continue
            if (glyph + delta) & 0xFFFF:
                yield code
