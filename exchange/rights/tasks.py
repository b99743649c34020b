"""What time alone does to applications and records, where the guidelines say so: deemed acceptance, never filed, lapse.

It also lets the review's clock go on when a publicity is over: nobody acts then, and the registrar's time counts again.
"""

from contextlib import suppress
from datetime import datetime, time

from exchange.calendar.counting import CHINA, Matter, day_of
from exchange.calendar.hooks import DeadlineDependents
from exchange.kernel.database import AsyncSession, Connection, driver
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime
from exchange.messages.service import notify
from exchange.rights import queries
from exchange.rights.lifecycle import ACCEPT, SUPPLEMENT
from exchange.rights.recording import lapse
from exchange.rights.reviewing import abandon, deem_accepted
from exchange.rights.steps import resume_review
from exchange.rights.terms import publicities_until
from ledger.log import store
from ledger.log.head import Halted

LAPSE = "rights-lapse"
_SECONDS = 60.0
_AT_ONCE = 100
_MOST = 10_000


def open_parts(runtime: Runtime) -> None:
    """Register what follows from the deadlines of applications, and the loop that lapses records."""
    dependents = runtime[DeadlineDependents]
    dependents.register(ACCEPT.name, deem_accepted)
    dependents.register(SUPPLEMENT.name, abandon)

    async def lapse_all(_leading: Connection) -> None:
        with suppress(Halted):  # a halted ledger takes no entry; the next round tries again
            while await _round(runtime) == _AT_ONCE:
                pass
        async with runtime.database.sessions() as session:
            await resume_reviews(session, runtime.clock.now())

    runtime[Loops].add(every(_SECONDS, lapse_all, name=LAPSE, leader=leader_of(runtime.database, LAPSE)))


async def _round(runtime: Runtime) -> int:
    async with runtime.database.sessions() as session:
        return await lapse_due(session, runtime.clock.now())


async def resume_reviews(session: AsyncSession, now: datetime) -> int:
    """Let the review's clock go on from the day after a publicity that is over; returns how many.

    Where an objection is open, its decision does so.
    """
    resumed = 0
    applications = await queries.in_publicity(session, after=None, limit=_MOST, is_undisputed=True)
    ends = await publicities_until(session, [application.publicity_from for application in applications])
    for application in applications:
        until = ends[application.publicity_from]
        if until is not None and until < day_of(now):
            resumed += await resume_review(session, application, at=datetime.combine(until, time(12), CHINA))
    await session.commit()
    return resumed


async def lapse_due(session: AsyncSession, now: datetime, *, limit: int = _AT_ONCE) -> int:
    """Lapse records whose last day is over, in one transaction with their entries; returns how many. Raises Halted.

    A record of which a renewal was filed in time stays until that application ends.
    """
    rows = await queries.lock_lapsing(session, day_of(now), limit=limit)
    submissions = []
    for record in rows:
        submissions.append(store.Submission((await lapse(session, record, now)).canonical()))
        await notify(
            session,
            organisation=record.organisation_id,
            kind="rights_record.lapsed",
            about=Matter(queries.RECORD, record.id),
            key=f"rights_record.lapsed/{record.id}",
            now=now,
        )
    await session.flush()
    if submissions:
        await store.append(await driver(session), submissions, advance_fence=False)
    await session.commit()
    return len(rows)
