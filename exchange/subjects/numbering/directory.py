"""The directory of numbers in memory: people of many rows are found by the first bytes of their lookups.

A process that streams a table meets each identifier in the clear; the database is not asked about each. The directory
has every person's first eight bytes and number, sorted: 12 bytes a person. A number that an erasure took stays here and is
nobody's: it is in no set of people.
"""

import asyncio
from array import array
from collections.abc import Sequence
from sys import byteorder
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from exchange.kernel.database import Database
from exchange.subjects import queries
from exchange.subjects.numbers import Lookups

PREFIX: Final = 8
"""The bytes of a lookup that the directory keeps."""

# Numbers below the newest one that are read again: those of transactions that commit after later ones.
_OVERLAP: Final = 100_000
_PIECE: Final = 500_000
_SMALL: Final = 2_000


class Directory:
    """The numbers of everybody, for one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._newest = -1
        self._prefixes: Any = pa.array([], pa.uint64())
        self._numbers: Any = pa.array([], pa.int32())

    async def refresh(self) -> None:
        """Read the numbers that were given since."""
        async with self._lock, self._database.pool.acquire() as connection:
            newest = await queries.newest_number(connection)
            if newest <= self._newest:
                return
            begin = max(0, self._newest - _OVERLAP)
            prefixes, numbers = [self._prefixes], [self._numbers]
            while begin <= newest:
                packed = await queries.packed_numbers(connection, begin, begin + _PIECE)
                fresh = _unpack(*packed)
                prefixes.append(fresh[0])
                numbers.append(fresh[1])
                begin += _PIECE
            self._prefixes, self._numbers = await asyncio.to_thread(_merge, prefixes, numbers)
            self._newest = newest

    async def find(self, lookups: Lookups, values: Any) -> Any:
        """The numbers of the people whose identifiers are in an array, in order, as int32; -1 for who has none."""
        if len(values) <= _SMALL:
            return self._find(lookups, values)
        return await asyncio.to_thread(self._find, lookups, values)

    def _find(self, lookups: Lookups, values: Any) -> Any:
        people = [lookups.of_value(value) if value is not None else None for value in values.to_pylist()]
        present = [lookup is not None for lookup in people]
        keys = _prefixes_of([lookup for lookup in people if lookup is not None])
        found = _search(self._prefixes, self._numbers, keys)
        if all(present):
            return found
        places = pa.array(_places(present), pa.int64())
        return pc.fill_null(found.take(places), -1)


def _places(present: Sequence[bool]) -> list[int | None]:
    """Where each value is among those that are present."""
    places: list[int | None] = []
    count = 0
    for is_present in present:
        places.append(count if is_present else None)
        count += is_present
    return places


def _prefixes_of(lookups: Sequence[bytes]) -> Any:
    joined = b"".join([lookup[:PREFIX] for lookup in lookups])
    return pa.Array.from_buffers(pa.uint64(), len(lookups), [None, pa.py_buffer(joined)])


def _search(prefixes: Any, numbers: Any, keys: Any) -> Any:
    """The numbers of keys in sorted prefixes; -1 where a key is not there, or is there for two people."""
    if not len(prefixes) or not len(keys):
        return pa.array([-1] * len(keys), pa.int32())
    places = pc.search_sorted(prefixes, keys, side="left")  # type: ignore[attr-defined]  # newer than the stubs
    inside = pc.min_element_wise(places, pa.scalar(len(prefixes) - 1, places.type))
    is_found = pc.equal(prefixes.take(inside), keys)
    return pc.if_else(is_found, numbers.take(inside), pa.scalar(-1, pa.int32()))


def _unpack(prefixes: bytes, numbers: bytes) -> tuple[Any, Any]:
    """Arrays of prefixes of 8 bytes, and of numbers of 4 bytes, big-endian."""
    swapped = array("i", numbers)
    if byteorder == "little":
        swapped.byteswap()
    count = len(swapped)
    return (
        pa.Array.from_buffers(pa.uint64(), count, [None, pa.py_buffer(prefixes)]),
        pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(swapped)]),
    )


def _merge(prefixes: Sequence[Any], numbers: Sequence[Any]) -> tuple[Any, Any]:
    """All of them, sorted. A prefix of two people becomes nobody's, so that neither is taken for the other."""
    table = pa.table({"prefix": pa.concat_arrays(prefixes), "number": pa.concat_arrays(numbers)})
    grouped = table.group_by("prefix").aggregate([("number", "min"), ("number", "max")])
    ordered = grouped.take(pc.array_sort_indices(grouped.column("prefix").combine_chunks())).combine_chunks()
    lowest, highest = ordered.column("number_min"), ordered.column("number_max")
    only: Any = pc.if_else(pc.equal(lowest, highest), lowest, pa.scalar(-1, pa.int32()))
    return ordered.column("prefix").combine_chunks(), only.combine_chunks()
