"""What is asked of the database about the exchange itself."""

from collections.abc import Mapping
from datetime import datetime

from exchange.kernel.database import Connection


async def key_marks(connection: Connection) -> dict[str, str]:
    """The marks of the key files that this exchange has, by the file's name."""
    return {row["name"]: row["mark"] for row in await connection.fetch("SELECT name, mark FROM key_marks")}


async def remember_keys(connection: Connection, marks: Mapping[str, str], *, now: datetime) -> None:
    """Remember the marks of key files, where none of that name is remembered."""
    await connection.executemany(
        "INSERT INTO key_marks (name, mark, remembered_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        [(name, mark, now) for name, mark in marks.items()],
    )
