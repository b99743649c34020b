"""Recurring work of codes: those whose time is over are marked, and forget the person."""

from contextlib import suppress

from exchange.answers.codes.service import end_with_person, expire, lock_person
from exchange.kernel.database import Connection, driver
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime
from exchange.subjects.dependents import SubjectDependents
from ledger.log import store
from ledger.log.head import Halted

EXPIRY = "codes-expiry"
_SECONDS = 10.0


def open_parts(runtime: Runtime) -> None:
    """Register the loop, and the end of codes with a person's erasure."""

    async def end(_leading: Connection) -> None:
        with suppress(Halted):  # a halted ledger takes no entry; the next round tries again
            await expire_overdue(runtime)

    dependents = runtime[SubjectDependents]
    dependents.locking.append(lock_person)
    dependents.erasure.append(end_with_person)
    runtime[Loops].add(every(_SECONDS, end, name=EXPIRY, leader=leader_of(runtime.database, EXPIRY)))


async def expire_overdue(runtime: Runtime) -> int:
    """Mark codes whose time is over, with an entry each; returns how many. Raises Halted."""
    async with runtime.database.sessions() as session:
        bodies = await expire(session, runtime.clock.now())
        if bodies:
            await session.flush()
            await store.append(await driver(session), [store.Submission(body.canonical()) for body in bodies])
            await session.commit()
    return len(bodies)
