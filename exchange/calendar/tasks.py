"""Recurring work of the calendar: the sweep marks deadlines that passed, with an entry for each, and what follows from them.

It is repeated until nothing is left, each time for at most 500 deadlines in a transaction of their own. A deadline is marked
in the transaction of its entry, so a process that is killed leaves both or neither. One process at a time sweeps, and
deadlines that another transaction holds are left for the next round.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from uuid import UUID

from exchange.calendar import queries
from exchange.calendar.counting import DeadlineView, day_of
from exchange.calendar.hooks import DeadlineDependents
from exchange.calendar.queries import view_of
from exchange.calendar.reminders import Reminder
from exchange.jobs.service import enqueue
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import FAILURES, AsyncSession, Connection, driver
from exchange.kernel.logs import log
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.metrics import gauge
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.health import Alarms
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted, lock_changes

SWEEP, RANGE = "deadlines-sweep", "calendar-range"
_SECONDS = 10.0
_WATCH_SECONDS = 600.0
_AT_ONCE = 500


class CalendarRange:
    """What remains of the loaded calendar, as this process saw it last: a warning in `/readyz`, since there are weeks left.

    Beyond the loaded range, deadlines are provisional and nothing is ever overdue.
    """

    def __init__(self) -> None:
        self._remaining: queries.Remaining | None = None

    async def look(self, connection: Connection, today: date) -> None:
        """Look at what remains after a day."""
        self._remaining = await queries.remaining(connection, today)

    def alarm(self) -> str | None:
        """The line; None while enough days are loaded."""
        if self._remaining is None or not self._remaining.is_short:
            return None
        return (
            f"warning: the calendar of working days ends in {self._remaining.days_left} working days; load the next year "
            "(exchange calendar load)"
        )


def open_parts(runtime: Runtime) -> None:
    """Register the sweep, the alarm of a calendar that ends, and the list of what follows from a deadline in other rooms."""
    dependents = runtime.add(DeadlineDependents())
    watched = CalendarRange()
    left: dict[str, float] = {}

    async def watch() -> None:
        async with runtime.database.pool.acquire() as connection:
            await watched.look(connection, day_of(runtime.clock.now()))

    async def sweep_all(leading: Connection) -> None:
        now = runtime.clock.now()
        left[""] = (await queries.remaining(leading, day_of(now))).days_left
        with suppress(Halted):  # a halted ledger takes no entry; the next round tries again
            while await _sweep(runtime, dependents, now) == _AT_ONCE:
                pass
        while await _remind(runtime, now) == _AT_ONCE:
            pass

    gauge("exchange.calendar.days_left", "1", "Working days until the last loaded one", lambda: left)
    runtime[Alarms].sources.append(watched.alarm)
    runtime[Loops].add(every(_WATCH_SECONDS, watch, name=RANGE))
    runtime[Loops].add(every(_SECONDS, sweep_all, name=SWEEP, leader=leader_of(runtime.database, SWEEP)))


async def _sweep(runtime: Runtime, dependents: DeadlineDependents, now: datetime) -> int:
    async with runtime.database.sessions() as session:
        return await sweep(session, dependents, now)


async def _remind(runtime: Runtime, now: datetime) -> int:
    async with runtime.database.sessions() as session:
        return await remind(session, now)


async def remind(session: AsyncSession, now: datetime, *, limit: int = _AT_ONCE) -> int:
    """Enqueue the reminders of deadlines that end soon, in one transaction with their mark; returns how many."""
    today = day_of(now)
    before = await queries.parameter(session, "remind_before", today)
    until = await queries.due(session, today, before.value, before.unit)
    rows = await queries.lock_untold(session, until or today, limit=limit)
    for row in rows:
        row.told_at = now
        await _tell(session, row.id)
    await session.commit()
    return len(rows)


async def _tell(session: AsyncSession, deadline: UUID) -> None:
    await enqueue(session, Reminder(deadline=deadline))


async def sweep(session: AsyncSession, dependents: DeadlineDependents, now: datetime, *, limit: int = _AT_ONCE) -> int:
    """Mark deadlines that passed, in one transaction with their entries and what follows; returns how many. Raises Halted."""
    await queries.share_days(session)
    rows = await queries.lock_overdue(session, now, limit=limit)
    bodies: list[entries.Body] = []
    marked = 0
    for row in rows:
        view = view_of(row)
        following = await _follow(session, dependents, view, now)
        if following is not None:
            row.overdue_at = now
            await _tell(session, row.id)
            bodies += [_entry(view, now), *following]
            marked += 1
    await session.flush()
    if bodies:
        connection = await driver(session)
        moves_fence = entries.moves_fence(bodies)
        if moves_fence:
            await lock_changes(connection)
        submissions = [store.Submission(body.canonical()) for body in bodies]
        await store.append(connection, submissions, advance_fence=moves_fence)
    await session.commit()
    return marked


async def _follow(
    session: AsyncSession, dependents: DeadlineDependents, view: DeadlineView, now: datetime
) -> Sequence[entries.Body] | None:
    """The entries of what follows from a deadline. None where it failed: then it is tried again in the next round."""
    follow = dependents.overdue.get(view.clock)
    if follow is None:
        return ()
    try:
        async with session.begin_nested():
            return await follow(session, view, now)
    except FAILURES:
        raise
    except Exception as error:  # noqa: BLE001 - a fault in one room's function keeps no other deadline from its entry
        log().critical("what follows from a deadline failed; trying again", kind=view.clock, exc_info=error)
        return None


def _entry(view: DeadlineView, now: datetime) -> entries.DeadlineOverdue:
    return entries.DeadlineOverdue.model_validate(
        {
            "at": rfc3339(now),
            "actor": entries.Actor(),
            "object": entries.Object(kind=view.matter.kind, id=str(view.matter.id)),
            "deadline": str(view.id),
            "clock": view.clock,
            "article": view.article,
            "due": str(view.due),
            "responsible": None if view.organisation is None else str(view.organisation),
        }
    )
