"""Rows of streams: before each batch the epochs are read, and who has ended a consent since is as if not there.

A batch comes from the source with a value beside each row. It becomes a number: that of the row's person in a file's
sidecar, or by the person's lookup. Rows whose numbers are not in the set of those who consent are taken out before the
row cap counts them.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import Adapter
from adapters.plan.plan import ROW_NUMBER, Plan
from exchange.delivery.people import answered, consenting
from exchange.delivery.people.answered import AnsweredPeople
from exchange.delivery.people.consenting import ConsentSets
from exchange.delivery.people.grounds import Ground
from exchange.kernel.runtime import Runtime
from exchange.subjects import queries
from exchange.subjects.identity import SubjectKey, scheme_of
from exchange.subjects.numbering.directory import Directory
from exchange.subjects.numbering.sidecars import Numbered, Sidecar, Sidecars
from exchange.subjects.numbering.tokens import bucket_count
from ledger.log import store


class Numbering(Protocol):
    """Gives the numbers of the people of rows, an int32 for each, from the values beside them; nobody is -1 or missing."""

    async def of(self, values: Any) -> Any:
        """The numbers."""


class BySidecar:
    """By the numbers of rows in a file."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def of(self, values: Any) -> Any:
        """The numbers."""
        return self._sidecar.numbers.take(values)


class ByLookup:
    """By identifiers, of which this process makes lookups."""

    def __init__(self, runtime: Runtime, ground: Ground) -> None:
        self._runtime = runtime
        self._ground = ground

    async def of(self, values: Any) -> Any:
        """The numbers."""
        directory = self._runtime[Directory]
        await directory.refresh()
        return await directory.find(self._ground.lookups, values)


class StreamRelease:
    """The release of one stream: `last` are the epochs by scope of the newest batch.

    Without scopes nothing is withheld, and only the people of the rows are collected.
    """

    def __init__(self, runtime: Runtime, scopes: tuple[int, ...], numbering: Numbering, *, beside: str) -> None:
        self._runtime = runtime
        self._sets = runtime[ConsentSets]
        self._scopes = scopes
        self._numbering = numbering
        self._beside = beside
        self._bits: dict[int, bytearray] = {}
        self._union = bytearray()
        self._first: dict[int, int] = {}
        self._people = AnsweredPeople()
        self._withheld = 0
        self._leaving: int | None = None
        self.last: dict[int, int] = {}

    async def open(self) -> None:
        """Read who consents now."""
        for scope in self._scopes:
            present = await self._sets.present(scope)
            self._bits[scope] = bytearray(present.bits)
            self._first[scope] = self.last[scope] = present.epoch
        self._union = consenting.union(list(self._bits.values()))

    async def batches(self, adapter: Adapter, plan: Plan, *, leaving: int | None) -> AsyncGenerator[pa.RecordBatch]:
        """The rows of a plan that are released, as many as it allows. The first batch may be empty, as others are not.

        The first `leaving` of them leave; None: all. Another is only looked for, and its person is not in the answer.
        """
        left, is_first = plan.limit, True
        self._leaving = leaving
        # Withheld rows do not count, so the source gets no limit.
        source = adapter.scan(replace(plan, limit=None, beside=self._beside))
        async with aclosing(source):
            async for batch in source:
                released = [await self._release(batch, left)]
                del batch  # a generator that waits holds nothing
                left = None if left is None else left - released[0].num_rows
                if released[0].num_rows or is_first:
                    is_first = False
                    yield released.pop()
                if left is not None and left <= 0:
                    break

    async def entry(self) -> tuple[dict[str, Any], store.People]:
        """The fields of the entry at the end, and what is kept beside it; see answered.beside."""
        async with self._runtime.database.pool.acquire() as connection:
            newest = await queries.newest_number(connection)
        withheld = self._withheld if self._scopes else None
        fields, people = await asyncio.to_thread(
            lambda: answered.beside(
                self._people.bits(),
                withheld=withheld,
                buckets=bucket_count(newest + 1, most=answered.MOST_BUCKETS_OF_A_STREAM),
                seal=self._runtime.seal,
            )
        )
        spans = answered.spans(self._first, self.last)
        return {**({"consents": spans} if spans else {}), **fields}, people

    async def _release(self, batch: pa.RecordBatch, most: int | None) -> pa.RecordBatch:
        width = batch.num_columns - 1
        numbers = await self._numbering.of(batch.column(width))
        columns = batch.select(list(range(width)))
        if self._scopes:
            await self._look()
            mask: Any = consenting.membership(self._union, numbers)
            kept: int = pc.sum(mask).as_py() or 0
            self._withheld += len(mask) - kept
            if kept < len(mask):
                columns, numbers = columns.filter(mask), numbers.filter(mask)
        if most is not None and columns.num_rows > most:
            columns, numbers = columns.slice(0, most), numbers.slice(0, most)
        self._people.add(numbers if self._leaving is None else numbers.slice(0, self._leaving))
        self._leaving = None if self._leaving is None else max(0, self._leaving - columns.num_rows)
        return columns

    async def _look(self) -> None:
        """Take out who has ended a consent since the batch before."""
        is_changed = False
        for state in await self._sets.changes(self.last):
            self.last[state.scope] = state.epoch
            if state.ended:
                consenting.clear(self._bits[state.scope], state.ended)
                is_changed = True
        if is_changed:
            self._union = consenting.union(list(self._bits.values()))


async def open_release(
    runtime: Runtime,
    ground: Ground | None,
    *,
    adapter: Adapter,
    snapshot: str | None,
    owner: UUID,
    field: SubjectKey | None,
) -> StreamRelease | None:
    """The release of a stream; None where its rows are released unseen.

    `snapshot` is a file's digest, `field` what identifies the person of a row. Without a ground, the people of a file's
    rows are collected where its sidecar is there already.
    """
    field = ground.field if ground is not None else field
    if field is None or (ground is None and snapshot is None):
        return None
    sidecar = None
    if snapshot is not None:
        about = Numbered(snapshot, field.name, scheme_of(owner, field))
        sidecar = await runtime[Sidecars].find(about, adapter, is_made=ground is not None)
    if sidecar is not None:
        release = StreamRelease(
            runtime, ground.scopes if ground is not None else (), BySidecar(sidecar), beside=ROW_NUMBER
        )
    elif ground is not None:
        release = StreamRelease(runtime, ground.scopes, ByLookup(runtime, ground), beside=field.name)
    else:
        return None
    await release.open()
    return release


class CappedRows:
    """The batches of a plan, of which `left` rows may leave, with one row more looked for, which does not leave.

    `left` is None where the plan's limit is below the row cap. `is_cut` is whether that row exists, once the batches have
    ended. With a release, the rows are those of them that it releases.
    """

    def __init__(self, adapter: Adapter, plan: Plan, *, left: int | None, release: StreamRelease | None) -> None:
        self._left = left
        if left is not None:
            plan = replace(plan, limit=left + 1)
        leaving = left if left is not None else plan.limit
        self._source = adapter.scan(plan) if release is None else release.batches(adapter, plan, leaving=leaving)
        self.is_cut = False

    async def batches(self) -> AsyncGenerator[pa.RecordBatch]:
        """The batches within the cap; at least one, which may be empty."""
        has_begun = False
        async with aclosing(self._source) as source:
            async for batch in source:
                if self._left is not None:
                    self.is_cut = batch.num_rows > self._left
                    batch = batch.slice(0, self._left)  # noqa: PLW2901 - the rest does not leave
                    self._left -= batch.num_rows
                if batch.num_rows or not has_begun:
                    given = [batch]
                    del batch  # a generator that waits holds nothing
                    yield given.pop()
                    has_begun = True
                if self.is_cut:
                    return
