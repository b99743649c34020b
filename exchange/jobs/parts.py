"""The long-lived parts of background jobs: the registry of handlers, the worker, and the counting of what is in the queue."""

from datetime import timedelta

from exchange.jobs import queries
from exchange.jobs.settings import JobSettings
from exchange.jobs.work import Jobs
from exchange.kernel.database import Connection
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.metrics import gauge
from exchange.kernel.runtime import Runtime

WORKER = "jobs-worker"
COUNT = "jobs-count"
_PAUSE = 1.0
_COUNT_SECONDS = 30.0
_REMEMBERED = timedelta(days=90)


def open_parts(runtime: Runtime) -> None:
    """Register the handlers' registry, and the worker unless another process is to work. Called before other rooms."""
    jobs = runtime.add(Jobs())
    settings = runtime[JobSettings]
    counted: dict[str, float] = {}

    async def work() -> None:
        await jobs.work(runtime.database, settings)

    async def count(leading: Connection) -> None:
        counted.update(await queries.counts(leading))
        await queries.forget_failures(leading, runtime.clock.now() - _REMEMBERED)

    gauge("exchange.jobs.queued", "1", "Background jobs in the queue, by state", lambda: counted)
    runtime[Loops].add(every(_COUNT_SECONDS, count, name=COUNT, leader=leader_of(runtime.database, COUNT)))
    if settings.jobs_in_server:
        runtime[Loops].add(every(_PAUSE, work, name=WORKER))
