"""Jobs: enqueued with the act, done once whoever is killed, tried again, and held when they keep failing."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import text

from exchange.jobs.payload import Payload
from exchange.jobs.service import enqueue
from exchange.jobs.settings import JobSettings
from exchange.jobs.work import Jobs
from exchange.kernel.database import AsyncSession, Database
from tests.support.exchanges.exchange import Exchange
from tests.support.processes.server import ROOT
from tests.support.work.jobs import (
    TABLE,
    Counted,
    count,
    effects_table,
    read_effects,
    read_queue,
    until_queue_is,
    working,
)

SECRET = "张三-330102199001011234"


@pytest.fixture
async def database(exchange: Exchange, database_url: str) -> AsyncIterator[Database]:
    async with effects_table(database_url):
        yield exchange.runtime.database


async def add(database: Database, *numbers: int, key: str | None = None) -> list[int | None]:
    async with database.sessions() as session:
        added = [await enqueue(session, Counted(number=number), key=key) for number in numbers]
        await session.commit()
    return added


def counting() -> Jobs:
    jobs = Jobs()
    jobs.register(Counted, count)
    return jobs


async def test_a_job_is_done_after_the_commit_and_leaves_the_queue(database: Database) -> None:
    async with working(database, counting(), JobSettings()):
        await add(database, *range(20))
        await until_queue_is(database, [])
    assert await read_effects(database) == list(range(20))


async def test_a_rollback_takes_the_job_with_it(database: Database) -> None:
    async with database.sessions() as session:
        await session.execute(text(f"INSERT INTO {TABLE} VALUES (1)"))
        await enqueue(session, Counted(number=1))
        await session.rollback()
    assert await read_queue(database) == []
    assert await read_effects(database) == []


async def test_one_job_of_a_key_is_in_the_queue_at_a_time(database: Database) -> None:
    first, second = await add(database, 1, 2, key="same")
    assert first is not None
    assert second is None
    async with working(database, counting(), JobSettings()):
        await until_queue_is(database, [])
        [third] = await add(database, 3, key="same")
        assert third is not None
        await until_queue_is(database, [])
    assert await read_effects(database) == [1, 3]


@pytest.mark.parametrize("step", ["hanging", "committed"])
async def test_a_job_of_a_killed_worker_has_its_effect_once(database: Database, database_url: str, step: str) -> None:
    await add(database, 7)
    command = [sys.executable, "-m", "tests.support.processes.job_worker", database_url, step]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    if step == "hanging":
        process.kill()
    await process.wait()
    assert await read_effects(database) == ([] if step == "hanging" else [7])
    async with working(database, counting(), JobSettings(job_heartbeat=1)):
        await until_queue_is(database, [])
    assert await read_effects(database) == [7]


async def test_of_two_workers_with_one_job_the_first_to_commit_has_the_effect(database: Database) -> None:
    release, begun = asyncio.Event(), asyncio.Event()

    async def count_slowly(session: AsyncSession, payload: Counted) -> None:
        await count(session, payload)
        begun.set()
        await release.wait()

    slow = Jobs()
    slow.register(Counted, count_slowly)
    async with working(database, slow, JobSettings(job_heartbeat=600)):
        await add(database, 5)
        await begun.wait()
        async with working(database, counting(), JobSettings(job_heartbeat=1)):  # takes the first one for dead
            await until_queue_is(database, [])
        assert await read_effects(database) == [5]
        release.set()
    assert await read_effects(database) == [5]


async def test_a_failing_job_is_tried_again_with_pauses(database: Database) -> None:
    failures = iter([LookupError(SECRET), OSError(SECRET)])

    async def fail_twice(session: AsyncSession, payload: Counted) -> None:
        await count(session, payload)
        if (failure := next(failures, None)) is not None:
            raise failure

    jobs = Jobs()
    jobs.register(Counted, fail_twice)
    async with working(database, jobs, JobSettings()):
        await add(database, 3)
        await until_queue_is(database, [])
    assert await read_effects(database) == [3]


async def fail_for_good(exchange: Exchange) -> int:
    async def fail(session: AsyncSession, payload: Counted) -> None:
        await count(session, payload)
        raise LookupError(SECRET)

    jobs = Jobs()
    jobs.register(Counted, fail)
    async with working(exchange.runtime.database, jobs, JobSettings(job_attempts=2)):
        [number] = await add(exchange.runtime.database, 4)
        await until_queue_is(exchange.runtime.database, ["failed"])
    assert number is not None
    return number


async def test_a_job_that_keeps_failing_is_held_and_says_where_without_a_value(
    exchange: Exchange, database: Database
) -> None:
    number = await fail_for_good(exchange)
    assert await read_effects(database) == []
    operator = exchange.keys["operator"]
    [job] = await exchange.call_ok(operator, "GET", "/api/v1/jobs?state=failed")
    assert (job["id"], job["kind"], job["payload"], job["attempts"]) == (number, "counted", {"number": 4}, 1)
    assert job["error"].startswith("LookupError at ")
    assert "test_work.py" in job["error"]
    async with database.pool.acquire() as connection:
        kept = await connection.fetch(
            "SELECT q::text FROM jobs.pgqueuer q UNION ALL SELECT l::text FROM jobs.pgqueuer_log l"
        )
    assert len(kept) >= 3  # the job and its two failures
    assert SECRET not in json.dumps([row[0] for row in kept], ensure_ascii=False)
    assert (await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/jobs")).problem == "role-missing"


async def test_an_operator_retries_a_held_job(exchange: Exchange, database: Database) -> None:
    number = await fail_for_good(exchange)
    await exchange.call_ok(exchange.keys["operator"], "POST", f"/api/v1/jobs/{number}/retry")
    async with working(database, counting(), JobSettings()):
        await until_queue_is(database, [])
    assert await read_effects(database) == [4]
    again = await exchange.call(exchange.keys["operator"], "POST", f"/api/v1/jobs/{number}/retry")
    assert again.problem == "not-found"


async def test_an_operator_discards_a_held_job_on_the_ledger(exchange: Exchange, database: Database) -> None:
    number = await fail_for_good(exchange)
    target = f"/api/v1/jobs/{number}/discarding"
    discarded = await exchange.call_ok(exchange.keys["operator"], "POST", target, {"reason": "单位已注销"})
    assert await read_queue(database) == []
    body = (await exchange.read_entries())[-1]
    assert body["type"] == "job.discarded"
    assert body["object"] == {"kind": "job", "id": str(number)}
    assert (body["job_kind"], body["statement"], body["salt"]) == ("counted", discarded["statement"], discarded["salt"])
    assert (await exchange.call(exchange.keys["operator"], "POST", target, {"reason": "x"})).problem == "not-found"


def test_a_payload_has_identifiers_only() -> None:
    with pytest.raises(TypeError, match="name"):

        class Named(Payload):
            kind: ClassVar[str] = "named"
            name: str

    with pytest.raises(TypeError, match="no kind"):

        class Unnamed(Payload):
            number: int

    class Allowed(Payload):
        kind: ClassVar[str] = "allowed"
        dataset: UUID
        version: int | None

    values: dict[str, Any] = {"dataset": UUID(int=1), "version": None}
    assert Allowed.model_validate_json(Allowed(**values).model_dump_json()) == Allowed(**values)


def test_a_kind_has_one_handler() -> None:
    jobs = counting()
    with pytest.raises(ValueError, match="already"):
        jobs.register(Counted, count)
