"""The SQL of background jobs, over pgqueuer's tables in the schema `jobs`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from sqlalchemy import text

from exchange.jobs.payload import Payload
from exchange.kernel.database import AsyncSession, Connection, driver
from exchange.kernel.problems import NotFound

_NAMES: Final = DBSettings(
    prefix="",
    db_schema="jobs",
    channel="ch_pgqueuer",
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
)
"""Every name, so that variables of the environment, which pgqueuer reads otherwise, change none."""


def queue_of(connection: Connection) -> Queries:
    """The queue, used through a connection."""
    return Queries(
        AsyncpgDriver(connection),
        QueryBuilderEnvironment(_NAMES),
        QueryQueueBuilder(_NAMES),
        QuerySchedulerBuilder(_NAMES),
    )


@dataclass(frozen=True, slots=True)
class JobView:
    """A job in the queue: waiting for its time or a worker, running, or failed and held.

    `error` is the kind of its last failure and the place in the code, never a value.
    """

    id: int
    kind: str
    state: str
    payload: Mapping[str, Any]
    attempts: int
    created_at: datetime
    due_at: datetime
    error: str | None


_STATES: Final = {"queued": "waiting", "picked": "running", "failed": "failed"}
_SELECT: Final = """
SELECT q.id, q.entrypoint, q.status::text AS status, convert_from(q.payload, 'UTF8') AS payload, q.attempts, q.created,
    q.execute_after, (
        SELECT coalesce(l.traceback#>>'{additional_context,reason}', l.traceback->>'exception_message')
        FROM jobs.pgqueuer_log l WHERE l.job_id = q.id AND l.traceback IS NOT NULL ORDER BY l.id DESC LIMIT 1
    ) AS error
FROM jobs.pgqueuer q
"""


async def insert(session: AsyncSession, payload: Payload, *, key: str | None, delay: timedelta | None) -> int | None:
    """Add a job in the session's transaction; returns its number, or None where a job of that key is in the queue."""
    queue = queue_of(await driver(session))
    content = payload.model_dump_json().encode()
    [number] = await queue.enqueue(payload.kind, content, execute_after=delay, dedupe_key=key, on_conflict="skip")
    return number


async def take_off(session: AsyncSession, job: Job, worker: UUID) -> bool:
    """Take a job off the queue in the session's transaction; False where another worker has it, or had it."""
    connection = await driver(session)
    row = await connection.fetchrow(
        "DELETE FROM jobs.pgqueuer WHERE id = $1 AND status = 'picked' AND queue_manager_id = $2 RETURNING id",
        job.id,
        worker,
    )
    return row is not None


async def list_jobs(session: AsyncSession, *, state: str | None, after: int, limit: int) -> Sequence[JobView]:
    """Jobs in the queue, oldest first; those of a state, or with None all."""
    statuses = [status for status, name in _STATES.items() if state in (None, name)]
    statement = text(f"{_SELECT} WHERE q.status::text = ANY(:statuses) AND q.id > :after ORDER BY q.id LIMIT :limit")
    rows = await session.execute(statement, {"statuses": statuses, "after": after, "limit": limit})
    return [_view(row) for row in rows.mappings()]


async def lock_failed(session: AsyncSession, number: int) -> JobView:
    """A job that failed and is held, locked. Raises NotFound."""
    statement = text(f"{_SELECT} WHERE q.id = :number AND q.status = 'failed' FOR UPDATE OF q")
    row = (await session.execute(statement, {"number": number})).mappings().one_or_none()
    if row is None:
        raise NotFound("No job of this number is held; GET /api/v1/jobs?state=failed lists those that are.")
    return _view(row)


async def requeue(session: AsyncSession, number: int) -> None:
    """Put a held job into the queue again, as if it had never been tried."""
    await session.execute(
        text(
            "UPDATE jobs.pgqueuer SET status = 'queued', attempts = 0, execute_after = now(), updated = now() "
            "WHERE id = :number AND status = 'failed'"
        ),
        {"number": number},
    )


async def delete(session: AsyncSession, number: int) -> None:
    """Delete a held job."""
    await session.execute(
        text("DELETE FROM jobs.pgqueuer WHERE id = :number AND status = 'failed'"), {"number": number}
    )


async def counts(connection: Connection) -> dict[str, int]:
    """How many jobs are waiting, running and failed."""
    rows = await connection.fetch("SELECT status::text AS status, count(*) AS jobs FROM jobs.pgqueuer GROUP BY status")
    by_status = {row["status"]: row["jobs"] for row in rows}
    return {name: by_status.get(status, 0) for status, name in _STATES.items()}


async def forget_failures(connection: Connection, before: datetime) -> None:
    """Delete what the queue remembers of failures and of finished jobs before a time, but of jobs that are in it."""
    await connection.execute(
        "DELETE FROM jobs.pgqueuer_log l WHERE l.created < $1 "
        "AND NOT EXISTS (SELECT FROM jobs.pgqueuer q WHERE q.id = l.job_id)",
        before,
    )


def _view(row: Mapping[Any, Any]) -> JobView:
    return JobView(
        id=row["id"],
        kind=row["entrypoint"],
        state=_STATES[row["status"]],
        payload=json.loads(row["payload"]),
        attempts=row["attempts"],
        created_at=row["created"],
        due_at=row["execute_after"],
        error=row["error"],
    )
