"""What is asked of the database about the exchange itself."""

from collections.abc import Mapping
from datetime import datetime

from exchange.kernel.database import Connection
from exchange.kernel.keys.keyring import ANSWERS, ledger_file
from ledger.format import rotation
from ledger.log import continuity
from ledger.log.head import read_head
from signatures import thumbprint


async def key_marks(connection: Connection) -> dict[str, str]:
    """The marks of the key files that this exchange has, by the file's name; of rotated keys those of the newest."""
    marks = {row["name"]: row["mark"] for row in await connection.fetch("SELECT name, mark FROM key_marks")}
    incarnation = (await read_head(connection)).incarnation
    for purpose, name in ((rotation.LEDGER, ledger_file(incarnation)), (rotation.ANSWERS, ANSWERS)):
        rotated = await continuity.read_announcements(connection, purpose)
        if rotated:
            marks[name] = thumbprint(rotation.parse(rotated[-1]).new.public_key)
    return marks


async def former_ledgers(connection: Connection) -> list[int]:
    """Which former incarnations of the ledger are in the database, the newest first (exchange.migrations.incarnation)."""
    rows = await connection.fetch(
        "SELECT substr(nspname, 8)::integer AS number FROM pg_namespace WHERE nspname ~ '^ledger_[1-9][0-9]{0,3}$' "
        "AND to_regclass(nspname || '.ledger_index') IS NOT NULL ORDER BY number DESC"
    )
    return [row["number"] for row in rows]


async def remember_keys(connection: Connection, marks: Mapping[str, str], *, now: datetime) -> None:
    """Remember the marks of key files, where none of that name is remembered."""
    await connection.executemany(
        "INSERT INTO key_marks (name, mark, remembered_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        [(name, mark, now) for name, mark in marks.items()],
    )
