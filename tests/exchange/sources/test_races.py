"""What a dataset is published over cannot be taken away, or changed, at the same moment.

Both acts are held where they have looked and are about to write, by whoever has the ledger's head locked.
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
async def held_ledger(exchange: Exchange) -> AsyncIterator[asyncpg.Connection]:
    """Nothing is written to the ledger until the block ends."""
    connection = await asyncpg.connect(**arguments(exchange.app.state.runtime.database.url))
    try:
        async with connection.transaction():
            await connection.execute("SELECT size FROM ledger_head FOR UPDATE")
            yield connection
    finally:
        await connection.close()


async def waiting(connection: asyncpg.Connection, count: int) -> None:
    """Return when so many transactions wait for locks."""
    async with asyncio.timeout(30):
        while await connection.fetchval("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted") < count:  # noqa: ASYNC110 - the database does not tell
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_published_first", [True, False])
@pytest.mark.parametrize(("other", "refused"), [("withdrawal", 409), ("content", 422)])
async def test_a_source_stays_what_a_dataset_was_published_over(
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
    async with held_ledger(exchange) as connection:
        earlier = asyncio.ensure_future(first())
        await waiting(connection, 1)
        later = asyncio.ensure_future(second())
        await waiting(connection, 2)
    assert (await earlier).status == 200
    assert (await later).status == refused
