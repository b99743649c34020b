"""A worker on jobs that is killed: `python -m tests.support.processes.job_worker DATABASE STEP`.

It prints a line when a job has had its effect in an open transaction. At the step `hanging` it then waits to be killed; at
`committed` it ends right after the commit, before the queue is told.
"""

import asyncio
import os
import sys

from exchange.jobs.settings import JobSettings
from exchange.jobs.work import Jobs
from exchange.kernel.database import AsyncSession, open_database
from tests.support.work.jobs import Counted, count


async def main(url: str, step: str) -> None:
    """Work until killed."""
    commit = AsyncSession.commit

    async def commit_and_end(self: AsyncSession) -> None:
        await commit(self)
        os._exit(9)

    async def handle(session: AsyncSession, payload: Counted) -> None:
        await count(session, payload)
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        if step == "hanging":
            await asyncio.Event().wait()

    if step == "committed":
        setattr(AsyncSession, "commit", commit_and_end)  # noqa: B010 - in this process only
    jobs = Jobs()
    jobs.register(Counted, handle)
    await jobs.work(await open_database(url), JobSettings(job_heartbeat=1))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
