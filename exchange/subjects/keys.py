"""Keys of subjects: found by identity, made on first sight; and what finishes an erasure outside the database."""

import asyncio
from collections.abc import Collection
from datetime import datetime

from exchange.kernel.database import Connection, Database
from exchange.kernel.keys.slots import Slots
from exchange.kernel.runtime import Runtime
from exchange.subjects import cipher, queries
from exchange.subjects.cipher import Subject, Wrapped
from exchange.subjects.errors import SubjectsUnsettled
from exchange.subjects.identity import Identity

_ROUNDS = 5


def opened(runtime: Runtime, row: Wrapped) -> Subject | None:
    """The subject of a wrapped key; None where its slot is destroyed. Raises KeyUnusable, SlotsMissing."""
    secret = runtime[Slots].read(row.slot)
    return cipher.unwrap(row, secret=secret, seal=runtime.seal) if secret is not None else None


async def ensure(runtime: Runtime, identities: Collection[Identity]) -> dict[Identity, Subject]:
    """The subjects of identities; whoever has no key gets one, in a transaction of its own.

    A key that no entry follows is no trace of anybody, and the next question finds it. Raises KeyUnusable, SlotsMissing,
    SubjectsUnsettled.
    """
    missing = {identity.lookup(runtime.seal): identity for identity in identities}
    found: dict[Identity, Subject] = {}
    async with runtime.database.pool.acquire() as connection:
        for _ in range(_ROUNDS):
            stale = []
            for row in await queries.find(connection, list(missing)):
                subject = opened(runtime, row)
                if subject is None:
                    stale.append(row.key_id)
                else:
                    found[missing.pop(row.lookup)] = subject
            if stale:
                await queries.drop(connection, stale)
            if missing:
                created = await _created(runtime, connection, list(missing.values()))
                for lookup in await queries.add(connection, [row for row, _ in created.values()]):
                    found[missing.pop(lookup)] = created[lookup][1]
            if not missing:
                return found
    raise SubjectsUnsettled("Nothing was done; send the request again.", headers={"Retry-After": "1"})


async def _created(
    runtime: Runtime, connection: Connection, identities: list[Identity]
) -> dict[bytes, tuple[Wrapped, Subject]]:
    """Fresh keys by lookup, each under a slot that is not destroyed: after a restore of the database numbers come again."""
    rows: dict[bytes, tuple[Wrapped, Subject]] = {}
    while len(rows) < len(identities):
        slots = await queries.take_slots(connection, len(identities) - len(rows))
        await asyncio.to_thread(runtime[Slots].prepare, slots)
        for slot in slots:
            secret = runtime[Slots].read(slot)
            if secret is not None:
                row, subject = cipher.create(identities[len(rows)], slot=slot, secret=secret, seal=runtime.seal)
                rows[row.lookup] = row, subject
    return rows


async def settle(database: Database, slots: Slots, *, now: datetime) -> None:
    """At a start: refuse to go on without the slots in use, and destroy those of every erasure there was.

    Not only those that a crash left: an old copy of the slots may have brought others back. Raises SlotsMissing, OSError.
    """
    async with database.pool.acquire() as connection:
        slots.demand(await queries.blocks_in_use(connection))
    async with database.sessions() as session:
        erased = await queries.erased_slots(session, all_of_them=True)
        again = [slot for slot in erased if slots.holds(slot)]
        await asyncio.to_thread(slots.destroy, again)
        await queries.mark_destroyed(session, erased, now)
        await session.commit()


async def finish(runtime: Runtime) -> None:
    """Destroy the slots of all erasures that are executed, and note it; whoever does this again changes nothing."""
    async with runtime.database.sessions() as session:
        slots = await queries.erased_slots(session, all_of_them=False)
        await asyncio.to_thread(runtime[Slots].destroy, slots)
        await queries.mark_destroyed(session, slots, runtime.clock.now())
        await session.commit()
