"""Working on jobs: the registry of handlers, and the worker that takes jobs from the queue.

A handler runs in a session of its own. Its last statement before the commit takes the job off the queue, so the effect and
the end of the job are one: a worker that is killed before it leaves the job to another, and of two workers that had the
same job, because one was thought dead, the second finds it gone and rolls back.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeVar

from pgqueuer.errors import RetryRequested
from pgqueuer.executors import AbstractEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.models import Context, Job
from pgqueuer.qm import QueueManager

from exchange.jobs import queries
from exchange.jobs.payload import Payload
from exchange.jobs.settings import JobSettings
from exchange.kernel.database import FAILURES, AsyncSession, Database, open_connection
from exchange.kernel.logs import log, places
from exchange.kernel.loops import RoundFailed
from exchange.kernel.metrics import count_job

P = TypeVar("P", bound=Payload)
Handler = Callable[[AsyncSession, P], Awaitable[None]]

_BATCH: Final = 2
_AT_ONCE: Final = 4
_POLL = timedelta(seconds=2)
_LONGEST_PAUSE = 300


class JobFailed(Exception):
    """A job failed; the text is the kind of the failure and its place in the code, without a value."""


class Jobs:
    """The handlers of jobs by kind. Rooms register theirs in `open_parts`."""

    def __init__(self) -> None:
        self._handlers: dict[str, tuple[type[Payload], Handler[Any]]] = {}

    def register(self, payload: type[P], handler: Handler[P]) -> None:
        """Register what does the jobs of a payload. Raises ValueError for a kind that has a handler.

        The handler changes rows through the session and never commits. What it raises is logged, and the job is tried again.
        """
        if payload.kind in self._handlers:
            raise ValueError(f"there is a handler for jobs of the kind {payload.kind} already")
        self._handlers[payload.kind] = (payload, handler)

    async def work(self, database: Database, settings: JobSettings) -> None:
        """Work on jobs until cancelled; jobs that run are then finished. Raises RoundFailed where the queue is lost."""
        connection = await open_connection(database.url)
        try:
            manager = QueueManager(queries.queue_of(connection))
            for kind, (payload, handler) in self._handlers.items():
                manager.register_executor(kind, _Executor(manager, database, settings, payload, handler))
            await manager.run(
                dequeue_timeout=_POLL,
                batch_size=_BATCH,
                max_concurrent_tasks=_AT_ONCE,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=timedelta(seconds=settings.job_heartbeat),
                log_aggregation_interval=timedelta(0),
            )
        except FAILURES:
            raise
        except Exception as error:
            log().warning("the queue of jobs was lost; trying again", kind="jobs", exc_info=error)
            raise RoundFailed from error
        finally:
            with suppress(*FAILURES):
                await connection.close(timeout=2)


class _Executor(AbstractEntrypointExecutor):
    """Runs the jobs of one kind for a worker."""

    def __init__(
        self,
        manager: QueueManager,
        database: Database,
        settings: JobSettings,
        payload: type[Payload],
        handler: Handler[Any],
    ) -> None:
        super().__init__(EntrypointExecutorParameters(0, self._run, on_failure="hold"))
        self._manager = manager
        self._database = database
        self._attempts = settings.job_attempts
        self._payload = payload
        self._handler = handler

    async def execute(self, job: Job, context: Context) -> None:  # noqa: ARG002 - the queue's interface
        """Do a job. Raises RetryRequested while there are attempts left, JobFailed after the last one."""
        try:
            await self._run(job)
        except Exception as error:  # noqa: BLE001 - every failure of a handler
            failure = f"{type(error).__name__} at {', '.join(places(error)[-3:]) or 'an unknown place'}"
            is_last = job.attempts + 1 >= self._attempts
            log().error("a job failed", kind=job.entrypoint, is_complete=is_last, exc_info=error)
            count_job(kind=job.entrypoint, outcome="held" if is_last else "tried again")
            # The queue keeps what it is given, so it gets no text of the failure: that could have a value in it.
            if is_last:
                raise JobFailed(failure) from None
            raise RetryRequested(
                delay=timedelta(seconds=min(2**job.attempts, _LONGEST_PAUSE)), reason=failure
            ) from None

    async def _run(self, job: Job) -> None:
        payload = self._payload.model_validate_json(job.payload or b"{}")
        async with self._database.sessions() as session:
            await self._handler(session, payload)
            await session.flush()
            if await queries.take_off(session, job, self._manager.queue_manager_id):
                await session.commit()
                count_job(kind=job.entrypoint, outcome="done")
