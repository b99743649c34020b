"""Find a stream in a compound file (OLE, [MS-CFB]), the container of old workbooks, by the places of its bytes.

So a stream can be examined, and changed in place without writing the container anew.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER: Final = 512
_ENTRY: Final = 128
_IN_HEADER: Final = 109  # sectors of the allocation table that the header names
_LAST: Final = 0xFFFFFFFA  # greater numbers are marks, not sectors
_STREAM, _ROOT = 2, 5
_SHIFTS: Final = range(6, 21)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream: the ranges of its bytes in the file, in order, and their number."""

    ranges: tuple[tuple[int, int], ...]

    def read(self, content: bytes | bytearray) -> bytearray:
        """Its bytes."""
        return bytearray(b"".join(content[start:end] for start, end in self.ranges))

    def write(self, content: bytearray, stream: bytes | bytearray) -> None:
        """Replace its bytes by as many others."""
        place = 0
        for start, end in self.ranges:
            content[start:end] = stream[place : place + end - start]
            place += end - start


class _Damaged(Exception):
    """A chain of sectors that leaves the file, or comes back to itself."""


def find_stream(content: bytes | bytearray, names: Sequence[str]) -> Stream | None:
    """The first stream of one of the names; None if there is none, or the container is damaged."""
    if len(content) < _HEADER or not content.startswith(SIGNATURE):
        return None
    try:
        return _find(content, names)
    except (struct.error, _Damaged, UnicodeDecodeError, IndexError):
        return None


def _find(content: bytes | bytearray, names: Sequence[str]) -> Stream | None:
    shift, mini_shift = struct.unpack_from("<HH", content, 30)
    if shift not in _SHIFTS or mini_shift >= shift:
        raise _Damaged
    table = _allocation(content, shift)
    first_directory, _, cutoff, first_mini = struct.unpack_from("<IIII", content, 48)
    entries = [
        (place, place + _ENTRY)
        for sector in _chain(table, first_directory)
        for place in range((sector + 1) << shift, (sector + 2) << shift, _ENTRY)
    ]
    streams: dict[str, tuple[int, int]] = {}
    root = (_LAST, 0)
    for start, _end in entries:
        length, kind = struct.unpack_from("<HB", content, start + 64)
        place, size = struct.unpack_from("<II", content, start + 116)
        if kind == _ROOT:
            root = (place, size)
        elif kind == _STREAM and 2 <= length <= 64:  # noqa: PLR2004 - of the name, with its end
            name = bytes(content[start : start + length - 2]).decode("utf-16-le")
            streams.setdefault(name.lower(), (place, size))
    for name in names:
        if name.lower() in streams:
            place, size = streams[name.lower()]
            if size >= cutoff:
                return Stream(tuple(_ranges(_chain(table, place), 1 << shift, size, (1 << shift))))
            mini = _numbers(content, _chain(table, first_mini), shift)
            base = Stream(tuple(_ranges(_chain(table, root[0]), 1 << shift, root[1], (1 << shift))))
            return Stream(tuple(_inside(base, _chain(mini, place), 1 << mini_shift, size)))
    return None


def _allocation(content: bytes | bytearray, shift: int) -> list[int]:
    """The allocation table: for each sector the next of its chain."""
    sectors = [number for number in struct.unpack_from(f"<{_IN_HEADER}I", content, 76) if number < _LAST]
    (further,) = struct.unpack_from("<I", content, 68)
    per_sector = (1 << shift) // 4
    seen: set[int] = set()
    while further < _LAST:
        if further in seen:
            raise _Damaged
        seen.add(further)
        *numbers, further = struct.unpack_from(f"<{per_sector}I", content, (further + 1) << shift)
        sectors += [number for number in numbers if number < _LAST]
    return _numbers(content, sectors, shift)


def _numbers(content: bytes | bytearray, sectors: Sequence[int], shift: int) -> list[int]:
    numbers: list[int] = []
    for sector in sectors:
        numbers += struct.unpack_from(f"<{(1 << shift) // 4}I", content, (sector + 1) << shift)
    return numbers


def _chain(table: Sequence[int], first: int) -> list[int]:
    """The sectors of a chain."""
    sectors: list[int] = []
    while first < _LAST:
        if first >= len(table) or len(sectors) > len(table):
            raise _Damaged
        sectors.append(first)
        first = table[first]
    return sectors


def _ranges(sectors: Sequence[int], width: int, size: int, offset: int) -> Iterator[tuple[int, int]]:
    for sector in sectors:
        if size <= 0:
            return
        start = sector * width + offset
        yield start, start + min(width, size)
        size -= width


def _inside(base: Stream, sectors: Sequence[int], width: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of the file for sectors inside another stream, whose ranges are a multiple of them."""
    step = base.ranges[0][1] - base.ranges[0][0] if base.ranges else width
    for start, end in _ranges(sectors, width, size, 0):
        outer = base.ranges[start // step][0] + start % step
        yield outer, outer + end - start
