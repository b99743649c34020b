"""Every statement about the fingerprints of the exchange's own keys."""

from collections.abc import Mapping
from datetime import datetime

from exchange.kernel.database import Connection
from exchange.kernel.keys.keyring import ANSWERS, ledger_file
from ledger.format import rotation
from ledger.log import continuity
from signatures import thumbprint


async def fingerprints(connection: Connection) -> dict[str, str]:
    """The fingerprints of this exchange's key files, by file name. Of a rotated key it is the newest key's."""
    rows = await connection.fetch("SELECT name, mark FROM key_marks")
    by_name = {row["name"]: row["mark"] for row in rows}
    incarnation = await connection.fetchval("SELECT incarnation FROM ledger_head")
    for purpose, name in ((rotation.LEDGER, ledger_file(incarnation)), (rotation.ANSWERS, ANSWERS)):
        rotated = await continuity.read_announcements(connection, purpose)
        if rotated:
            by_name[name] = thumbprint(rotation.parse(rotated[-1]).new.public_key)
    return by_name


async def remember_keys(connection: Connection, fingerprints: Mapping[str, str], *, now: datetime) -> None:
    """Remember fingerprints by file name. One that is remembered already stays."""
    await connection.executemany(
        "INSERT INTO key_marks (name, mark, remembered_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        [(name, fingerprint, now) for name, fingerprint in fingerprints.items()],
    )
