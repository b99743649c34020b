"""What has to be so of an exchange whatever was killed, and whoever acted at once: its ledger is whole."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from exchange.kernel.loops import Loops
from exchange.publication.parts import CHECKPOINTS
from ledger.format import checkpoint, merkle, note
from ledger.log import publication
from ledger.verification.verify import verify
from tests.support.exchanges.exchange import Exchange
from tests.support.ledgers.logs import Log


async def check_ledger(exchange: Exchange, directory: Path) -> None:
    """Check that the ledger has every entry, that `ledger verify` accepts them, and that they have the roots published."""
    await exchange.runtime[Loops][CHECKPOINTS].tick()
    async with exchange.runtime.database.pool.acquire() as connection:
        rows = await connection.fetch("SELECT seq, leaf FROM ledger_entry ORDER BY seq")
        assert len(rows) <= await connection.fetchval("SELECT size FROM ledger_head")
        published = await publication.checkpoints(connection, after=0, limit=1000)
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    log = Log.of([bytes(row["leaf"]) for row in rows])
    for each in published[-3:]:
        root = checkpoint.parse(note.text_of(each.note)).root
        assert each.size > len(rows) or root == merkle.root(log.hashes[: each.size])
    report = await asyncio.to_thread(verify, log.write(directory), verifier=log.signer.verifier)
    assert report.is_ok, report.text()


async def count_about(exchange: Exchange, thing: str) -> Counter[str]:
    """Count the entries whose object is a thing, by type."""
    bodies = await exchange.read_entries()
    return Counter(body["type"] for body in bodies if body.get("object", {}).get("id") == thing)


async def select(exchange: Exchange, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement, as the exchange: its rows."""
    async with exchange.runtime.database.pool.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(statement, *values)]
