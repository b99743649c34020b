"""The jobs of messages: the reminder of a deadline that ends soon, and the message of one that is over."""

from exchange.calendar import queries as calendar
from exchange.calendar.reminders import Reminder
from exchange.jobs.work import Jobs
from exchange.kernel.database import AsyncSession
from exchange.kernel.runtime import Runtime
from exchange.messages.service import notify


def open_parts(runtime: Runtime) -> None:
    """Register the handler."""

    async def remind(session: AsyncSession, reminder: Reminder) -> None:
        deadline = await calendar.deadline(session, reminder.deadline)
        if deadline is None or deadline.organisation is None or deadline.ended_at is not None:
            return  # what was due has happened since, or is the exchange's own
        kind = "deadline.near" if deadline.overdue_at is None else "deadline.overdue"
        await notify(
            session,
            organisation=deadline.organisation,
            kind=kind,
            about=deadline.matter,
            key=f"{kind}/{deadline.id}/{deadline.due}",
            now=runtime.clock.now(),
            day=deadline.due,
        )

    runtime[Jobs].register(Reminder, remind)
