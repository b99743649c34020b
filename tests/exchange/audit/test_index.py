"""The index of the ledger gives the results of a pass over all entries, however it was filled, without such a pass."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from exchange.audit import queries, tasks
from exchange.audit.models import SEARCHED
from exchange.audit.queries import Criteria, Scope
from exchange.kernel.database import Database, arguments, open_database
from exchange.kernel.embedded import Embedded
from exchange.migrations import commands
from ledger.format import canonical
from ledger.log import store
from tests.support.exchanges.starting import delete_rows
from tests.support.ledgers import entries

pytestmark = pytest.mark.endurance

ROOT = Path(__file__).parents[3]
COLUMNS = ("at", *SEARCHED, "subjects")


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = await open_database(url, pool_size=3)
    try:
        yield database
    finally:
        await database.close()


async def append(connection: asyncpg.Connection, bodies: Sequence[entries.Entry]) -> None:
    async with connection.transaction():
        await store.append(connection, [store.Submission(canonical.dumps(body)) for body in bodies])


async def rows(connection: asyncpg.Connection) -> list[dict[str, Any]]:
    records = await connection.fetch(f"SELECT {', '.join(COLUMNS)} FROM ledger_index ORDER BY seq")
    return [dict(row) for row in records]


async def index_all(connection: asyncpg.Connection, batch: int = 2_000) -> None:
    while await queries.fill(connection, most=batch):
        pass


async def paged(database: Database, wanted: Criteria, scope: Scope, order: queries.Order, limit: int) -> list[int]:
    """All that is found, page by page."""
    indexes: list[int] = []
    start: int | None = None
    async with database.sessions() as session:
        ledger = await queries.present(session)
        while True:
            page = await queries.search(session, ledger, wanted, scope, order=order, start=start, limit=limit + 1)
            indexes += page[:limit]
            if len(page) <= limit:
                return indexes
            start = page[limit]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    bodies=entries.ENTRIES,
    cuts=st.lists(st.integers(1, 30), min_size=1, max_size=8),
    searches=st.lists(st.tuples(entries.FILTERS, entries.SCOPES), min_size=1, max_size=8),
    limit=st.integers(1, 9),
)
def test_it_says_and_finds_what_a_pass_over_the_entries_does(
    database_url: str, bodies: list[entries.Entry], cuts: list[int], searches: list[tuple[Criteria, Scope]], limit: int
) -> None:
    async def look() -> None:
        await delete_rows(database_url)
        async with opened(database_url) as database, database.pool.acquire() as connection:
            appended = 0
            for end in [*cuts, len(bodies)]:  # written and indexed in turns, in batches of any size
                await append(connection, bodies[appended : appended + end])
                appended += end
                await queries.fill(connection, most=max(1, end - 1))
            await index_all(connection, batch=cuts[0])
            expected = entries.index_rows(bodies)
            assert await rows(connection) == expected
            assert await tasks.rebuild(connection) == (len(bodies), 0)
            for wanted, scope in searches:
                matching = entries.search(expected, wanted, scope)
                assert await paged(database, wanted, scope, "oldest", limit) == matching
                assert await paged(database, wanted, scope, "newest", limit) == matching[::-1]

    asyncio.run(look())


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    bodies=st.lists(entries.ENTRIES, min_size=5, max_size=8).map(
        lambda lists: [entry for few in lists for entry in few]
    )
)
def test_each_filter_finds_what_a_pass_over_the_entries_does(database_url: str, bodies: list[entries.Entry]) -> None:
    async def look() -> None:
        await delete_rows(database_url)
        async with opened(database_url) as database, database.pool.acquire() as connection:
            await append(connection, bodies)
            await index_all(connection)
            expected = entries.index_rows(bodies)
            for wanted in entries.EACH_FILTER:
                for scope in (Scope(everything=True), Scope(owners=frozenset({"org-a"}))):
                    matching = entries.search(expected, wanted, scope)
                    assert await paged(database, wanted, scope, "newest", 7) == matching[::-1], wanted

    asyncio.run(look())


def delivery(number: int) -> entries.Entry:
    return {
        "type": "delivery.completed",
        "at": f"2026-11-26T08:{number // 60 % 60:02d}:{number % 60:02d}.000000Z",
        "actor": {"organisation": f"org-{number % 3}"},
        "object": {"kind": "dataset", "id": "dataset-0"},
        "dataset": "dataset-0",
    }


@pytest.fixture
async def connection(empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    async with opened(empty_database) as database, database.pool.acquire() as connection:
        yield connection


async def test_killed_on_the_way_it_goes_on_where_it_was(empty_database: str, connection: asyncpg.Connection) -> None:
    drafted = {"type": "dataset.drafted", "object": {"kind": "dataset", "id": "dataset-0"}}
    bodies = [delivery(0) | drafted, *(delivery(number) for number in range(1, 5_000))]
    await append(connection, bodies)
    blocker = await asyncpg.connect(**arguments(empty_database))
    blocking = blocker.transaction()
    await blocking.start()
    await blocker.execute("INSERT INTO ledger_index (seq) VALUES (3000)")  # the second batch has to wait for this one
    watcher = await asyncpg.connect(**arguments(empty_database))  # a transaction sees one state of what others do
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid' AND query LIKE '%ledger_body%'"
    command = (sys.executable, "-m", "tests.support.processes.indexer", empty_database)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        async with asyncio.timeout(60):
            while not await watcher.fetchval(waits):  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.05)
    finally:
        process.kill()
        await process.wait()
    await watcher.close()
    await blocking.rollback()
    await blocker.close()
    assert await connection.fetchval("SELECT count(*) FROM ledger_index") == 2_000
    await index_all(connection)
    assert await rows(connection) == entries.index_rows(bodies)


async def test_two_that_index_at_once_do_it_once(empty_database: str) -> None:
    bodies = [delivery(number) for number in range(300)]
    async with opened(empty_database) as database, database.pool.acquire() as first, database.pool.acquire() as second:
        await append(first, bodies)
        await asyncio.gather(index_all(first, batch=7), index_all(second, batch=11))
        assert await rows(first) == entries.index_rows(bodies)


async def test_what_was_changed_in_it_is_put_right(connection: asyncpg.Connection) -> None:
    bodies = [delivery(number) for number in range(50)]
    await append(connection, bodies)
    await index_all(connection)
    await connection.execute("UPDATE ledger_index SET organisation = 'org-9' WHERE seq = 3")
    await connection.execute("DELETE FROM ledger_index WHERE seq = 4")
    await connection.execute("INSERT INTO ledger_index (seq, type) VALUES (99, 'delivery.completed')")
    assert await queries.fill(connection, most=10) == 0
    assert await tasks.rebuild(connection) == (50, 3)
    assert await rows(connection) == entries.index_rows(bodies)
    assert await tasks.rebuild(connection) == (50, 0)


async def test_what_is_no_entry_any_more_does_not_stop_it(empty_database: str, connection: asyncpg.Connection) -> None:
    await append(connection, [delivery(number) for number in range(4)])
    owner = await asyncpg.connect(**arguments(empty_database))
    await owner.execute("SET session_replication_role = replica")
    await owner.execute("UPDATE ledger_entry SET leaf = leaf || '!'::bytea WHERE seq = 1")
    nonsense = b"\xff\x00 nothing"
    await owner.execute(
        "UPDATE ledger_entry SET leaf = $1, leaf_hash = sha256('\\x00'::bytea || $1) WHERE seq = 2", nonsense
    )
    await owner.close()
    await index_all(connection)
    assert [row["type"] for row in await rows(connection)] == ["delivery.completed", None, None, "delivery.completed"]


# A million entries ----------------------------------------------------------------------------------------------------

_MILLION = """
INSERT INTO ledger_index SELECT i,
    to_char(timestamptz '2026-01-01Z' + i * interval '20 seconds', 'YYYY-MM-DD"T"HH24:MI:SS".000000Z"'),
    CASE WHEN i % 1000 = 0 THEN 'agreement.suspended' WHEN i % 20 = 0 THEN 'delivery.refused' ELSE 'delivery.completed' END,
    'org-' || i % 500, 'principal-' || i % 3000, 'key-' || i % 4000,
    CASE WHEN i % 1000 = 0 THEN 'agreement' ELSE 'dataset' END, 'thing-' || i % 2000, 'dataset-' || i % 2000,
    'agreement-' || i % 10000, 'owner-' || i % 100, 'org-' || i % 500,
    CASE WHEN i % 1000 = 7 THEN 'person' ELSE 'government' END, 'purpose-' || i % 10,
    CASE WHEN i % 20 = 0 THEN 'purpose-not-granted' END,
    ARRAY['subject-' || i % 100000, 'subject-' || i % 99991]
FROM generate_series(0, 999999) i
"""
_ASKED = [
    *(
        Criteria({column: value})
        for column, values in {
            "organisation": ("org-7", "nobody"),
            "principal": ("principal-7",),
            "key": ("key-7",),
            "type": ("agreement.suspended", "delivery.completed", "no.such"),
            "object_kind": ("agreement", "dataset"),
            "object_id": ("thing-7",),
            "dataset": ("dataset-7",),
            "agreement": ("agreement-7",),
            "owner": ("owner-7",),
            "consumer": ("org-7",),
            "lane": ("person", "government"),
            "purpose": ("purpose-7", "none"),
            "problem": ("purpose-not-granted", "none"),
        }.items()
        for value in values
    ),
    Criteria({}),
    Criteria({}, subject="subject-7"),
    Criteria({}, prefix="agreement."),
    Criteria({}, prefix="delivery."),
    Criteria({}, since="2026-03-01T00:00:00.000000Z", until="2026-03-01T01:00:00.000000Z"),
    Criteria({}, since="2026-03-01T00:00:00.000000Z"),
    Criteria({}, until="2026-01-02T00:00:00.000000Z"),
    Criteria({}, is_refused=True),
    Criteria({}, is_refused=False),
    Criteria({"dataset": "dataset-40", "purpose": "purpose-0"}, is_refused=True),
]


@pytest.fixture(scope="module")
async def million(embedded: Embedded) -> AsyncIterator[Database]:
    """An index of a million rows, in a database of its own."""
    await embedded.create("million")
    url = embedded.url("million")
    await asyncio.to_thread(commands.upgrade, url)
    owner = await asyncpg.connect(**arguments(url), command_timeout=600)
    rows = await owner.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'ledger_index' AND indexname NOT LIKE 'pk_%'"
    )
    for row in rows:
        await owner.execute(f"DROP INDEX {row['indexname']}")
    await owner.execute(_MILLION)
    for row in rows:
        await owner.execute(row["indexdef"])
    await owner.execute("ANALYZE ledger_index")
    async with opened(url) as database:
        yield database
    await owner.close()


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", []) for node in nodes(inner))]


@pytest.mark.parametrize("order", ["oldest", "newest"])
@pytest.mark.parametrize("scope", [Scope(everything=True), Scope(owners=frozenset({"org-7"}))], ids=["all", "own"])
async def test_no_search_looks_at_everything(million: Database, order: queries.Order, scope: Scope) -> None:
    """Each search of a million entries uses an index, and reads rows in proportion to its matches."""
    async with million.sessions() as session:
        for wanted in _ASKED:
            statement = queries.search_statement(wanted, scope, order=order, start=None, limit=101)
            plain = str(statement.compile(million.engine, compile_kwargs={"literal_binds": True}))
            [explained] = (await session.execute(text(f"EXPLAIN (FORMAT JSON) {plain}".replace(":", "\\:")))).one()
            plan = nodes((json.loads(explained) if isinstance(explained, str) else explained)[0]["Plan"])
            kinds = {node["Node Type"] for node in plan}
            assert not kinds & {"Seq Scan", "Parallel Seq Scan"}, (wanted, kinds)
            assert kinds & {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}, (wanted, kinds)
