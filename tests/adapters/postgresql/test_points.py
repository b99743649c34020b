"""Point reads share round trips, yet each gets its own row and its own error."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.contract import Rows, SourceError
from adapters.plan.condition import All_, Comparison
from adapters.plan.masks import Partial
from adapters.plan.plan import Column, Plan
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.points import PointReads
from adapters.postgresql.source import PgSource
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded

PEOPLE = 500


@pytest.fixture
async def url(embedded: Embedded) -> str:
    """A database with a table, some of whose scores are no numbers."""
    await embedded.create("points")
    connection = await asyncpg.connect(**arguments(embedded.url("points")))
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS people (id integer, part text, name text NOT NULL, score text, PRIMARY KEY (id, part));"
        "TRUNCATE people; INSERT INTO people SELECT i, 'p' || i % 3, 'name ' || i, "
        f"CASE WHEN i % 7 = 0 THEN 'x' ELSE i::text END FROM generate_series(1, {PEOPLE}) i;"
        "CREATE OR REPLACE FUNCTION to_score(text) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1::integer';"
    )
    await connection.close()
    return embedded.url("points")


@pytest.fixture
async def adapter(url: str) -> AsyncIterator[PostgresAdapter]:
    adapter = PostgresAdapter(PgSource(url, "people"))
    yield adapter
    await adapter.close()


def question(number: int, *columns: Column, limit: int = 1) -> Plan:
    where = All_((Comparison("part", "eq", f"p{number % 3}"), All_((Comparison("id", "eq", number),))))
    return Plan(columns or (Column("id"), Column("name", Partial(5, 0))), where, limit=limit)


async def test_each_of_many_reads_gets_its_own_row(adapter: PostgresAdapter) -> None:
    ids = [*range(1, PEOPLE + 1), *range(PEOPLE + 1, PEOPLE + 50)]
    answers = await asyncio.gather(*(adapter.read(question(number)) for number in ids))
    for number, answer in zip(ids, answers, strict=True):
        masked = "name " + "*" * len(str(number))
        assert answer == Rows(("id", "name"), [(number, masked)] if number <= PEOPLE else [], None)


async def test_reads_by_different_statements_do_not_mix(adapter: PostgresAdapter) -> None:
    plans = [question(n, Column("name")) if n % 2 else question(n, Column("score"), Column("id")) for n in range(1, 99)]
    answers = await asyncio.gather(*(adapter.read(plan) for plan in plans))
    for number, answer in enumerate(answers, 1):
        score = "x" if number % 7 == 0 else str(number)
        assert answer.rows == [(f"name {number}",)] if number % 2 else [(score, number)]


async def test_half_a_key_is_no_point_and_has_pages(adapter: PostgresAdapter) -> None:
    plan = Plan((Column("id"),), Comparison("part", "eq", "p1"), limit=2, order=("id", "part"))
    first = await adapter.read(plan)
    assert first.rows == [(1,), (4,)]
    assert first.next is not None
    assert not (await adapter.explain(plan)).is_point
    assert (await adapter.explain(question(1))).is_point


async def test_a_read_that_fails_fails_alone(url: str, adapter: PostgresAdapter) -> None:
    pool = PgSource(url, "people").pool()
    points = PointReads(pool.acquire)
    explained = [await adapter.explain(question(number)) for number in range(1, 50)]
    failing = explained[0].statement.replace('t."id" AS c0,', 'public.to_score(t."score") AS c0,', 1)
    async with pool:
        reads = (points.fetch(failing, explanation.values[:-1]) for explanation in explained)
        outcomes = await asyncio.gather(*reads, return_exceptions=True)
        await points.close()
    for number, outcome in enumerate(outcomes, 1):
        if number % 7 == 0:
            assert isinstance(outcome, SourceError)
            assert outcome.code == "source-failed"
        else:
            assert isinstance(outcome, list)
            assert outcome[0][0] == number


async def test_a_lost_connection_fails_every_read_and_the_next_ones_connect_again(
    adapter: PostgresAdapter, url: str
) -> None:
    await adapter.read(question(1))
    connection = await asyncpg.connect(**arguments(url))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'data-exchange'"
    )
    await connection.close()
    outcomes = await asyncio.gather(*(adapter.read(question(n)) for n in range(1, 20)), return_exceptions=True)
    assert all(
        isinstance(outcome, Rows) or (isinstance(outcome, SourceError) and "-" in outcome.code) for outcome in outcomes
    )
    # The next ones are on a new connection.
    answers = await asyncio.gather(*(adapter.read(question(n)) for n in range(1, 20)))
    assert [answer.rows[0][0] for answer in answers] == list(range(1, 20))


async def test_a_closed_source_leaves_nobody_waiting(url: str) -> None:
    adapter = PostgresAdapter(PgSource(url, "people"))
    await adapter.read(question(1))
    waiting = [asyncio.ensure_future(adapter.read(question(number))) for number in range(1, 200)]
    await asyncio.sleep(0)
    await adapter.close()
    outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
    assert all(isinstance(outcome, Rows | SourceError) for outcome in outcomes)


async def test_a_cancelled_read_delays_no_other(adapter: PostgresAdapter) -> None:
    await adapter.read(question(1))
    several = [asyncio.ensure_future(adapter.read(question(number))) for number in range(1, 100)]
    await asyncio.sleep(0)
    for task in several[::2]:
        task.cancel()
    answers = await asyncio.wait_for(asyncio.gather(*several, return_exceptions=True), 10)
    read_ids = [answer.rows[0][0] for answer in answers if isinstance(answer, Rows)]
    assert read_ids == list(range(2, 100, 2))
