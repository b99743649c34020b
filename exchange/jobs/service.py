"""The verbs of background jobs: enqueue one, and what an operator does with one that failed."""

from datetime import timedelta

from exchange.jobs import queries
from exchange.jobs.payload import Payload
from exchange.jobs.queries import JobView
from exchange.jobs.schemas import Discarded, Discarding
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.database import AsyncSession
from exchange.kernel.work import Work
from ledger import entries
from policies.roles.roles import EXCHANGE


async def enqueue(
    session: AsyncSession, payload: Payload, *, key: str | None = None, delay: timedelta | None = None
) -> int | None:
    """Enqueue a job in the session's transaction: it is done soon after the commit, and never without it.

    Of jobs with one `key`, one is in the queue at a time: a second is not added, and None is returned. `delay` is for
    seconds or minutes; what is due on a day is a deadline.
    """
    return await queries.insert(session, payload, key=key, delay=delay)


async def retry(work: Work, number: int) -> JobView:
    """Put a held job into the queue again. Raises Forbidden, NotFound."""
    work.permit("job", "retry", EXCHANGE)
    job = await queries.lock_failed(work.session, number)
    await queries.requeue(work.session, number)
    return job


async def discard(work: Work, number: int, discarding: Discarding) -> Discarded:
    """Delete a held job, for a reason, with an entry. Raises Forbidden, NotFound."""
    work.permit("job", "discard", EXCHANGE)
    job = await queries.lock_failed(work.session, number)
    await queries.delete(work.session, number)
    salt = new_salt()
    statement = commitment(discarding.reason, salt=salt)
    work.entry(entries.JobDiscarded, about=("job", str(number)), job_kind=job.kind, statement=statement, salt=salt)
    return Discarded(id=number, kind=job.kind, reason=discarding.reason, salt=salt, statement=statement)
