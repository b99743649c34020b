"""Whether the ledger in the database still continues what was signed, and the halt where it does not.

What was signed last stands in the anchor (ledger.log.anchor), outside the database. A database with fewer entries, or with
other ones, was restored from a backup, or is a copy that went its own way: whatever were signed or taken in now would be
a second history. So the head row itself says halt, and no process appends to it any more. The halt ends by itself when
the ledger continues what was signed after all, and otherwise with a new incarnation.
"""

import asyncio
from collections.abc import Iterable

import asyncpg

from ledger.format import checkpoint, merkle, note, tiles
from ledger.format.rotation import LEDGER, History, Purpose, Rotation
from ledger.log.anchor import Anchor
from ledger.log.head import INCARNATION, read_head

_CHUNK = 65_536


class NotContinued(Exception):
    """The ledger does not continue what was signed; the message says in a sentence what an operator has to know."""


class AnchorMissing(NotContinued):
    """Checkpoints were signed, and the file with the last of them is not there."""


async def read_announcements(connection: asyncpg.Connection, purpose: Purpose) -> list[str]:
    """The statements by which a key was rotated, in order; of the ledger's those of the present incarnation."""
    rows = await connection.fetch(
        "SELECT statement FROM ledger_rotation "  # noqa: S608 - constants
        f"WHERE purpose = $1 AND (purpose <> $2 OR incarnation = {INCARNATION}) "
        "ORDER BY incarnation, valid_from",
        purpose,
        LEDGER,
    )
    return [row["statement"] for row in rows]


async def add_announcement(
    connection: asyncpg.Connection, change: Rotation, *, incarnation: int, statement: str
) -> None:
    """Have `statements` return another one, in the transaction that appends the entry with it."""
    await connection.execute(
        "INSERT INTO ledger_rotation (purpose, incarnation, valid_from, statement) VALUES ($1, $2, $3, $4)",
        change.purpose,
        incarnation,
        change.valid_from,
        statement,
    )


async def history(connection: asyncpg.Connection, first: note.Verifier) -> History:
    """The keys that the ledger was and is signed with; `first` where its key was never rotated."""
    rotated = await read_announcements(connection, LEDGER)
    return History.from_announcements(rotated) if rotated else History.of(first)


async def check(connection: asyncpg.Connection, anchor: Anchor, first: note.Verifier, *, tiled: int = 0) -> str | None:
    """Hold the database to the anchor; returns the last signed checkpoint as its note, None before the first.

    `first` is the ledger's key where it was never rotated. Tiles are known to be there up to `tiled`, which may be ahead of
    the last stored checkpoint. Raises NotContinued, and OSError where the anchor cannot be read.
    """
    # The anchor first: the log only grows, so what the database holds a moment later has to cover it.
    text, successor, evidence = await asyncio.to_thread(lambda: (anchor.read(), anchor.successor(), anchor.evidence()))
    if successor is not None:
        raise NotContinued(f"{anchor.origin} was closed; the ledger goes on as {successor}")
    if evidence is not None:
        raise NotContinued(
            f"another history was signed by a key of this ledger; {anchor.evidence_path.name} is the proof"
        )
    stored = await connection.fetchrow("SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
    if text is None and stored is not None:
        text = await asyncio.to_thread(anchor.read)  # the first checkpoint may have come just now, the anchor before it
    if text is None:
        if stored is not None:
            raise AnchorMissing("the anchor, with the last signed checkpoint, is not where EXCHANGE_LEDGER_ANCHOR says")
        return None
    signed = _open(text, anchor.origin, await history(connection, first))
    size = (await read_head(connection)).size
    if size < signed.size:
        raise NotContinued(f"the database has {size} entries, and {signed.size} were signed")
    if stored is not None and stored["size"] == signed.size:
        root = checkpoint.parse(note.text_of(stored["note"])).root
    else:
        root = await root_at(connection, signed.size, tiled=max(tiled, stored["size"] if stored else 0))
    if root != signed.root:
        raise NotContinued(f"the database's first {signed.size} entries are not those that were signed")
    return text


async def root_at(connection: asyncpg.Connection, size: int, *, tiled: int) -> bytes:
    """The root of the tree over the first `size` entries; tiles there are up to `tiled`. Raises NotContinued."""
    known = min(size, tiled)
    edge = await read_tiles(connection, tiles.tiles_for_root(known))
    while known < size:
        stop = min(size, known + _CHUNK)
        rows = await connection.fetch(
            "SELECT leaf_hash FROM ledger_entry WHERE seq >= $1 AND seq < $2 ORDER BY seq", known, stop
        )
        if len(rows) != stop - known:
            raise NotContinued("entries are missing from the database")
        edge = {**edge, **tiles.extend(known, edge, [row["leaf_hash"] for row in rows])}
        known = stop
    try:
        return tiles.root_from_tiles(
            lambda level, index, width: edge.get((level, index), b"")[: width * merkle.HASH_SIZE], size
        )
    except tiles.TileError as error:
        raise NotContinued("tiles are missing from the database") from error


async def read_tiles(connection: asyncpg.Connection, wanted: Iterable[tiles.Tile]) -> dict[tuple[int, int], bytes]:
    """The hashes of tiles, by level and index, as far as the database has them."""
    places = [(tile.level, tile.index) for tile in wanted]
    rows = await connection.fetch(
        "SELECT level, index, hashes FROM ledger_tile "
        "WHERE (level, index) IN (SELECT * FROM unnest($1::smallint[], $2::bigint[]))",
        [level for level, _ in places],
        [index for _, index in places],
    )
    return {(row["level"], row["index"]): row["hashes"] for row in rows}


def _open(text: str, origin: str, keys: History) -> checkpoint.Checkpoint:
    try:
        signed = keys.open(text)
    except ValueError as error:
        raise NotContinued("the anchor's checkpoint was not signed by this ledger's key") from error
    if signed.origin != origin:
        raise NotContinued(f"the anchor's checkpoint is of {signed.origin}")
    return signed
