"""Keys of subjects: looked up by identity, created on first sight, and destroyed outside the database by erasures."""

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

_TRIES = 5


def open_subject(runtime: Runtime, row: Wrapped) -> Subject | None:
    """The subject of a wrapped key; None where its slot is destroyed. Raises KeyUnusable, SlotsMissing."""
    secret = runtime[Slots].read(row.slot)
    return cipher.unwrap(row, secret=secret, seal=runtime.seal) if secret is not None else None


async def ensure(runtime: Runtime, identities: Collection[Identity]) -> dict[Identity, Subject]:
    """The subjects of identities. Missing keys are created, in transactions of their own.

    A key without an entry is no trace of anybody, and the next lookup reuses it. Raises KeyUnusable, SlotsMissing,
    SubjectsUnsettled.
    """
    missing = {identity.lookup(runtime.seal): identity for identity in identities}
    subjects: dict[Identity, Subject] = {}
    async with runtime.database.pool.acquire() as connection:
        for _ in range(_TRIES):
            destroyed = []
            for row in await queries.find(connection, list(missing)):
                subject = open_subject(runtime, row)
                if subject is None:
                    destroyed.append(row.key_id)
                else:
                    subjects[missing.pop(row.lookup)] = subject
            if destroyed:
                await queries.drop(connection, destroyed)
            if missing:
                created = await _create(runtime, connection, list(missing.values()))
                for lookup in await queries.add(connection, [row for row, _ in created.values()]):
                    subjects[missing.pop(lookup)] = created[lookup][1]
            if not missing:
                return subjects
    raise SubjectsUnsettled("Nothing was done; send the request again.", headers={"Retry-After": "1"})


async def _create(
    runtime: Runtime, connection: Connection, identities: list[Identity]
) -> dict[bytes, tuple[Wrapped, Subject]]:
    """Fresh keys by lookup. A destroyed slot is skipped: a restored database gives its number out again."""
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


async def destroy_all_erased(database: Database, slots: Slots, *, now: datetime) -> None:
    """Check at a start that the slots in use exist, and destroy those of every erasure again.

    An older copy of the slot files may have brought secrets back. Raises SlotsMissing, OSError.
    """
    async with database.pool.acquire() as connection:
        slots.demand(await queries.blocks_in_use(connection))
    async with database.sessions() as session:
        erased = await queries.erased_slots(session, all_of_them=True)
        revived = [slot for slot in erased if slots.holds(slot)]
        await asyncio.to_thread(slots.destroy, revived)
        await queries.mark_destroyed(session, erased, now)
        await session.commit()


async def finish_erasures(runtime: Runtime) -> None:
    """Destroy the slots of executed erasures, and record it. Idempotent. Raises SlotsMissing, OSError."""
    async with runtime.database.sessions() as session:
        slots = await queries.erased_slots(session, all_of_them=False)
        await asyncio.to_thread(runtime[Slots].destroy, slots)
        await queries.mark_destroyed(session, slots, runtime.clock.now())
        await session.commit()
