"""A source cannot be withdrawn or changed while a dataset over it is being published.

The test locks the ledger's head, so both requests have read the database and wait to write.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from exchange.kernel.database import arguments
from tests.support.exchanges.exchange import Answer, Exchange, document_for

_CSV = b"person_id,city\nP1,a\nP2,b\n"


@asynccontextmanager
async def lock_ledger(exchange: Exchange) -> AsyncIterator[asyncpg.Connection]:
    """Lock the ledger's head until the block ends."""
    connection = await asyncpg.connect(**arguments(exchange.runtime.database.url))
    try:
        async with connection.transaction():
            await connection.execute("SELECT size FROM ledger_head FOR UPDATE")
            yield connection
    finally:
        await connection.close()


async def wait_for_waiting(connection: asyncpg.Connection, count: int) -> None:
    """Wait until so many transactions wait for locks."""
    async with asyncio.timeout(30):
        while await connection.fetchval("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted") < count:  # noqa: ASYNC110 - PostgreSQL has no event for it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_published_first", [True, False])
@pytest.mark.parametrize(("other", "refused"), [("withdrawal", 409), ("content", 422)])
async def test_a_source_keeps_the_fields_of_a_dataset_that_is_being_published(
    exchange: Exchange, other: str, refused: int, *, is_published_first: bool
) -> None:
    owner = await exchange.admit("owner")
    source = await exchange.register_file(owner, _CSV)
    document = document_for(source["description"]["fields"])
    new = {"source": source["id"], "handle": "raced", "document": document}
    dataset = await exchange.call_ok(owner.steward, "POST", "/api/v1/datasets", new)
    address = f"/api/v1/sources/{source['id']}"

    async def publish() -> Answer:
        return await exchange.call(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")

    async def change() -> Answer:
        if other == "withdrawal":
            return await exchange.call(owner.steward, "POST", f"{address}/withdrawal")
        return await exchange.call(owner.steward, "PUT", f"{address}/content?filename=b.csv", b"x,y\nz,1\n")

    first, second = (publish, change) if is_published_first else (change, publish)
    async with lock_ledger(exchange) as connection:
        earlier = asyncio.ensure_future(first())
        await wait_for_waiting(connection, 1)
        later = asyncio.ensure_future(second())
        await wait_for_waiting(connection, 2)
    assert (await earlier).status == 200
    assert (await later).status == refused
