"""A new incarnation of the ledger in the database: one transaction of the tables' owner, like a migration.

A restored database lacks some of the entries that were signed under the old origin, so its ledger cannot continue. Its
tables move, with their guards, into a schema of their own, which the application may read, and empty tables take their
place. The rooms' tables stay as the backup had them. The fence jumps further than the old incarnation can have counted,
so no process takes a remembered fact for a current one.
"""

from collections.abc import Callable
from datetime import datetime

import asyncpg

from exchange.kernel.database import APPLICATION_ROLE, arguments
from exchange.kernel.keys.queries import remember_keys
from ledger import entries
from ledger.format import checkpoint, note
from ledger.log import continuity, store
from ledger.log.head import lock_head, restart_head

TABLES = (
    "ledger_entry",
    "ledger_tile",
    "ledger_checkpoint",
    "ledger_timestamp",
    "ledger_sealed",
    "ledger_people",
    "ledger_person",
    "ledger_account",
    "ledger_index",
)
"""The tables of one incarnation of the ledger, by the indexes of its entries."""

_FENCE_JUMP = 1 << 32


class AlreadyBegun(RuntimeError):
    """The database's ledger is of this incarnation already, or of a later one."""


async def begin(
    url: str,
    *,
    incarnation: int,
    make: Callable[[int, bytes], entries.LedgerIncarnated],
    fingerprints: dict[str, str],
    now: datetime,
) -> int:
    """Begin an incarnation. `make` gives its first entry from the size and root of the former ledger.

    `url` is the login that owns the tables; `fingerprints` are those of its first key, by file name. Returns the number
    of entries that moved. Raises AlreadyBegun, continuity.NotContinued for a database that lacks parts of its own
    ledger.
    """
    connection = await asyncpg.connect(**arguments(url))
    try:
        async with connection.transaction():
            head = await lock_head(connection, is_halt_allowed=True)
            if head.incarnation >= incarnation:
                raise AlreadyBegun
            stored = await connection.fetchval("SELECT max(size) FROM ledger_checkpoint")
            root = await continuity.root_at(connection, head.size, tiled=stored or 0)
            await _set_aside(connection, f"ledger_{head.incarnation}")
            await restart_head(connection, incarnation=incarnation, fence_step=_FENCE_JUMP)
            first = store.Submission(make(head.size, root).canonical())
            await store.append(connection, [first], advance_fence=True)
            await remember_keys(connection, fingerprints, now=now)
    finally:
        await connection.close()
    return head.size


def last_signed(text: str | None) -> int:
    """The number of entries that a signed checkpoint covers; 0 for none."""
    return 0 if text is None else checkpoint.parse(note.text_of(text)).size


async def _set_aside(connection: asyncpg.Connection, schema: str) -> None:
    await connection.execute(f'CREATE SCHEMA "{schema}"')
    await connection.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO {APPLICATION_ROLE}')
    for table in TABLES:
        granted = await connection.fetch(
            "SELECT privilege_type AS name FROM information_schema.role_table_grants "
            "WHERE table_schema = 'public' AND table_name = $1 AND grantee = $2",
            table,
            APPLICATION_ROLE,
        )
        guards = await connection.fetch(
            "SELECT pg_get_triggerdef(oid) AS text FROM pg_trigger "
            "WHERE tgrelid = $1::text::regclass AND NOT tgisinternal",
            f"public.{table}",
        )
        await connection.execute(f'ALTER TABLE public.{table} SET SCHEMA "{schema}"')
        await connection.execute(f'REVOKE ALL ON "{schema}".{table} FROM {APPLICATION_ROLE}')
        remaining = "SELECT, DELETE" if table == "ledger_sealed" else "SELECT"  # an erasure deletes former details too
        await connection.execute(f'GRANT {remaining} ON "{schema}".{table} TO {APPLICATION_ROLE}')
        await connection.execute(f'CREATE TABLE public.{table} (LIKE "{schema}".{table} INCLUDING ALL)')
        privileges = ", ".join(row["name"] for row in granted)
        await connection.execute(f"GRANT {privileges} ON public.{table} TO {APPLICATION_ROLE}")
        for guard in guards:
            await connection.execute(guard["text"])
