"""Sidecars: the number of the person of each row of a snapshot, in a file beside it, in the order of its rows.

A stream of a file then finds its people by row number, without a hash of each identifier. A sidecar is made at the first
need, beside the request that needs it, and again whenever it is missing. It links rows to numbers, so an erasure takes the
person's number out of every sidecar. Numbers are of one incarnation of the ledger: a restored database may give them to
others, so the incarnation is part of the name.
"""

import asyncio
import hashlib
import os
from array import array
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from adapters.contract import Adapter, SourceError
from adapters.plan.plan import Column, Plan
from exchange.kernel.database import FAILURES
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from exchange.subjects import numbers, queries
from groundwork import durable
from ledger.log.head import read_head

NOBODY: Final = -1
_ITEM: Final = 4
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The numbers of a snapshot's rows as an int32 array, mapped from a file; NOBODY where a row has no identifier."""

    numbers: Any


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a sidecar is about: a snapshot by its digest, and the field whose values are people under a scheme."""

    digest: str
    field: str
    scheme: str

    def name(self, incarnation: int) -> str:
        """The name of the file: the scheme is hashed, since it holds a name that an owner chose."""
        scheme = hashlib.sha256(f"{self.scheme}\0{self.field}".encode()).hexdigest()[:16]
        return f"{self.digest}.{scheme}.{incarnation}.people"


class Sidecars:
    """The sidecars of a data directory, for one process."""

    def __init__(self, runtime: Runtime, directory: Path, *, snapshots: Path) -> None:
        self._runtime = runtime
        self._directory = directory
        self._snapshots = snapshots
        self._making: dict[str, asyncio.Task[None]] = {}
        self._incarnation: int | None = None

    async def find(self, about: Numbered, adapter: Adapter, *, is_made: bool) -> Sidecar | None:
        """The sidecar of a snapshot; None while there is none. With `is_made` it is being made then."""
        if self._incarnation is None:
            async with self._runtime.database.pool.acquire() as connection:
                self._incarnation = (await read_head(connection)).incarnation
        path = self._directory / about.name(self._incarnation)
        mapped = _map(path)
        if mapped is None and is_made and path.name not in self._making:
            task = asyncio.create_task(self._make(path, about, adapter), name=f"sidecar {path.name}")
            self._making[path.name] = task
            task.add_done_callback(lambda _: self._making.pop(path.name, None))
        return mapped

    async def remove_outdated(self) -> None:
        """At a start: remove the sidecars that are older than the newest erasure, which a crash may have kept out of them."""
        async with self._runtime.database.pool.acquire() as connection:
            erased_at = await queries.newest_erasure(connection)
        await asyncio.to_thread(_remove_outdated, self._directory, erased_at)

    async def settled(self) -> None:
        """Wait until all that are being made are there, or have failed."""
        while self._making:
            await asyncio.wait(list(self._making.values()))

    async def stop(self) -> None:
        """Stop making sidecars."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def forget(self, number: int) -> None:
        """Take a person's number out of every sidecar, and remove those without a snapshot."""
        await asyncio.to_thread(_forget, self._directory, self._snapshots, number)

    async def _make(self, path: Path, about: Numbered, adapter: Adapter) -> None:
        """Make a sidecar. One that an erasure crossed is made again: it could hold the number that was erased."""
        database = self._runtime.database
        try:
            for _ in range(_TRIES):
                async with database.pool.acquire() as connection:
                    before = await queries.count_erasures(connection)
                with durable.replacing(path) as draft:
                    async for people in self._number(about, adapter):
                        draft.write(people.tobytes())
                async with database.pool.acquire() as connection:
                    if await queries.count_erasures(connection) == before:
                        return
                await asyncio.to_thread(path.unlink, missing_ok=True)
        except (SourceError, *FAILURES) as error:
            log().warning("a sidecar could not be made", exc_info=error)

    async def _number(self, about: Numbered, adapter: Adapter) -> AsyncGenerator["array[int]"]:
        """The numbers of a snapshot's rows, batch by batch. People who have none get one."""
        lookups = numbers.Lookups(self._runtime.seal, about.scheme)
        batches = adapter.scan(Plan((Column(about.field),)))
        async for batch in batches:
            values = batch.column(0).to_pylist()
            people = await asyncio.to_thread(_lookups, lookups, values)
            wanted = [lookup for lookup in people if lookup is not None]
            async with self._runtime.database.pool.acquire() as connection:
                found = iter(await numbers.ensure(connection, wanted))
            yield array("i", [NOBODY if lookup is None else next(found) for lookup in people])


def _lookups(lookups: numbers.Lookups, values: Sequence[Any]) -> list[bytes | None]:
    return [lookups.of_value(value) if value is not None else None for value in values]


def _map(path: Path) -> Sidecar | None:
    """The sidecar in a file, mapped into memory; None where there is none."""
    try:
        mapped = pa.memory_map(str(path))
    except OSError:
        return None
    buffer = mapped.read_buffer()
    return Sidecar(pa.Array.from_buffers(pa.int32(), len(buffer) // _ITEM, [None, buffer]))


def _forget(directory: Path, snapshots: Path, number: int) -> None:
    """Rewrite the sidecars with a number; the others get the present time too, see Sidecars.remove_outdated."""
    for path in sorted(directory.glob("*.people")):
        if not (snapshots / f"{path.name.partition('.')[0]}.parquet").exists():
            path.unlink(missing_ok=True)
            continue
        people = array("i")
        try:
            people.frombytes(path.read_bytes())
        except FileNotFoundError:
            continue
        if number in people:
            kept = array("i", [NOBODY if person == number else person for person in people])
            durable.write(path, kept.tobytes())
        else:
            with suppress(FileNotFoundError):
                os.utime(path)


def _remove_outdated(directory: Path, erased_at: datetime | None) -> None:
    durable.make_directory(directory)
    for path in directory.iterdir():
        if erased_at is not None and path.stat().st_mtime <= erased_at.timestamp():
            path.unlink(missing_ok=True)
