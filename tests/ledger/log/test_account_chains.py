"""Account chains in PostgreSQL: numbered under the ledger's lock, one chain for all writers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from exchange.kernel.database import APPLICATION_ROLE, arguments
from ledger.billing import accounts
from ledger.format import canonical, entry, merkle
from ledger.log import store
from ledger.log.head import read_head


@pytest.fixture
async def pool(empty_database: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(
        **arguments(empty_database), min_size=2, max_size=8, server_settings={"role": APPLICATION_ROLE}
    ) as opened:
        yield opened


def submission(number: int, **conditions: Any) -> store.Submission:
    return store.Submission(canonical.dumps({"number": number}), **conditions)


async def append(pool: asyncpg.Pool, *submissions: store.Submission) -> list[store.Outcome]:
    async with pool.acquire() as connection, connection.transaction():
        return await store.append(connection, submissions)


A, B = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"


async def test_entries_of_an_account_are_numbered_and_chained_whatever_lies_between(pool: asyncpg.Pool) -> None:
    nonce = store.Nonce.of("key", "a", expires_at=datetime.now(UTC) + timedelta(minutes=5))
    outcomes = await append(
        pool,
        submission(0, account=A),
        submission(1),
        submission(2, account=B, nonce=nonce),
        submission(3, account=A, fence=9),
        submission(4, account=B, nonce=nonce),
        submission(5, account=A),
    )
    assert [isinstance(outcome, int) for outcome in outcomes] == [True, True, True, False, False, True]
    assert await append(pool, submission(6), submission(7)) == [4, 5]
    assert await append(pool, submission(8, account=B), submission(9, account=A)) == [6, 7]
    async with pool.acquire() as connection:
        leaves = await store.read_leaves(connection, 0, (await read_head(connection)).size)
    last = {A: (0, accounts.FIRST), B: (0, accounts.FIRST)}
    chained = []
    for leaf in leaves:
        body = entry.parse(leaf).body
        link = accounts.link_of(body)
        if link is not None:
            n, prev = last[link.account]
            assert (link.n, link.prev) == (n + 1, prev)
            last[link.account] = link.n, merkle.leaf_hash(leaf)
            chained.append((entry.parse(leaf).seq, link.account, link.n))
            plain = {name: value for name, value in body.items() if name != "account"}
            spliced = accounts.splice(canonical.dumps(plain), link)
            assert entry.splice(body=spliced, prev=entry.parse(leaf).prev, seq=entry.parse(leaf).seq) == leaf
    assert chained == [(0, A, 1), (2, B, 1), (3, A, 2), (6, B, 2), (7, A, 3)]
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT seq, account::text, n FROM ledger_account ORDER BY seq")
    assert [tuple(row) for row in rows] == chained


async def test_many_who_append_to_one_account_at_once_make_one_chain(pool: asyncpg.Pool) -> None:
    batches = [[submission(10 * batch + place, account=A) for place in range(5)] for batch in range(8)]
    await asyncio.gather(*(append(pool, *batch) for batch in batches))
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT n, seq FROM ledger_account ORDER BY n")
    assert [tuple(row) for row in rows] == [(place + 1, place) for place in range(40)]


async def test_a_body_that_has_no_room_for_its_account_is_refused_before_it_is_queued() -> None:
    body = b'{"a":"%b"}' % (b"x" * (entry.MAX_BODY - len(b'{"a":""}')))
    store.Submission(body)
    with pytest.raises(entry.EntryTooLarge):
        store.Submission(body, account=A)
