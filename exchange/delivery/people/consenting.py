"""Sets of people who consent, as bitmaps by number, kept by each process for its streams.

A set is built from the database once, and again when people have consented since; endings are taken out of it. A set that
takes long to build is built at most in one twentieth of the time, so that consents of millions count a few seconds later in
streams. Endings count at once.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from cachetools import LRUCache

from exchange.consents import queries as consents
from exchange.consents.view import ScopeState
from exchange.kernel.runtime import Runtime

_BYTES = 64 * 2**20
_CHEAP = 0.1
_PATIENCE = 20
_NEVER = 1 << 62  # an epoch that no scope reaches


@dataclass(frozen=True, slots=True)
class ConsentSet:
    """The people under one scope, by number: bit n (of byte n // 8, the lowest first) is person n.

    It was built at `built`, in loop time, and counts as fresh until `fresh_until`.
    """

    epoch: int
    revision: int
    built: float
    fresh_until: float
    bits: bytes


class ConsentSets:
    """The sets of one process; those used least recently go first."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sets: LRUCache[int, ConsentSet] = LRUCache(_BYTES, getsizeof=lambda cached: 1_000 + len(cached.bits))
        self._building = asyncio.Lock()

    async def present(self, scope: int) -> ConsentSet:
        """The set of a scope as it is now."""
        cached = self._sets.get(scope)
        if cached is None:
            async with self._building:  # one at a time, and one for all who wait
                cached = self._sets.get(scope) or await self._build(scope)
        [state] = await self.changes({scope: cached.epoch})
        is_same = state.revision == cached.revision
        if not is_same and asyncio.get_running_loop().time() >= cached.fresh_until:
            async with self._building:
                newer = self._sets.get(scope)
                return newer if newer is not None and newer.built > cached.built else await self._build(scope)
        bits = bytearray(cached.bits)
        clear(bits, state.ended)
        return replace(cached, epoch=state.epoch, bits=bytes(bits))

    async def changes(self, epochs: Mapping[int, int]) -> list[ScopeState]:
        """What has ended in scopes since these epochs."""
        async with self._runtime.database.pool.acquire() as connection:
            return await consents.changes_since(connection, epochs=epochs, now=self._runtime.clock.now())

    async def _build(self, scope: int) -> ConsentSet:
        """Read a set in one snapshot with its epoch and revision."""
        now, at = self._runtime.clock.now(), asyncio.get_running_loop().time()
        async with (
            self._runtime.database.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            [state] = await consents.changes_since(connection, epochs={scope: _NEVER}, now=now)
            bits = await consents.bitmap_of(connection, scope=scope, now=now)
        done = asyncio.get_running_loop().time()
        fresh_until = done + _PATIENCE * (done - at) if done - at > _CHEAP else done
        built = ConsentSet(state.epoch, state.revision, at, fresh_until, bits)
        if len(bits) < _BYTES // 4:
            self._sets[scope] = built
        return built


def clear(bits: bytearray, numbers: Iterable[int]) -> None:
    """Take people out of a set."""
    for number in numbers:
        if number >> 3 < len(bits):
            bits[number >> 3] &= ~(1 << (number & 7))


def union(sets: Sequence[bytes | bytearray]) -> bytearray:
    """The union of sets."""
    width = max((len(bits) for bits in sets), default=0)
    merged = 0
    for bits in sets:
        merged |= int.from_bytes(bits, "little")
    return bytearray(merged.to_bytes(width, "little"))


def membership(bits: bytearray, numbers: Any) -> Any:
    """Whether each number, an int32 or -1 for nobody, is in a set: false for missing ones and for those beyond it."""
    size = 8 * len(bits)
    if not size:
        return pa.array([False] * len(numbers), pa.bool_())
    members = pa.BooleanArray.from_buffers(pa.bool_(), size, [None, pa.py_buffer(bits)])
    inside: Any = pc.and_(pc.greater_equal(numbers, pa.scalar(0)), pc.less(numbers, pa.scalar(size)))
    return pc.fill_null(members.take(pc.if_else(inside, numbers, pa.scalar(None, pa.int32()))), pa.scalar(False))
