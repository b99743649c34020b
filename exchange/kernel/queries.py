"""Every statement of the kernel about the database itself: which former incarnations of the ledger it has."""

from exchange.kernel.database import Connection


async def former_ledgers(connection: Connection, *, table: str) -> list[int]:
    """The former incarnations of the ledger that have a table, newest first (see exchange.migrations.incarnation)."""
    rows = await connection.fetch(
        "SELECT substr(nspname, 8)::integer AS number FROM pg_namespace WHERE nspname ~ '^ledger_[1-9][0-9]{0,3}$' "
        "AND to_regclass(nspname || '.' || $1::text) IS NOT NULL ORDER BY number DESC",
        table,
    )
    return [row["number"] for row in rows]
