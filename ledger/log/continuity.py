"""Continuity: whether the ledger in the database continues what was signed last. If it does not, it is halted.

The last signed checkpoint is in the anchor (ledger.log.anchor), outside the database. A database with fewer or other
entries was restored from a backup, or is a copy that diverged: anything signed or appended now would be a second history.
So the halt is recorded in the head row, and no process appends. It ends by itself once the ledger continues what was
signed, and otherwise with a new incarnation.
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
    """The ledger does not continue what was signed. The message is a sentence for the operator."""


class AnchorMissing(NotContinued):
    """Checkpoints were signed, and the file with the last of them is missing."""


async def read_announcements(connection: asyncpg.Connection, purpose: Purpose) -> list[str]:
    """The announcements of a key's rotations, in order; for the ledger's key, those of the present incarnation."""
    rows = await connection.fetch(
        "SELECT statement FROM ledger_rotation "  # noqa: S608 - constants
        f"WHERE purpose = $1 AND (purpose <> $2 OR incarnation = {INCARNATION}) "
        "ORDER BY incarnation, valid_from",
        purpose,
        LEDGER,
    )
    return [row["statement"] for row in rows]


async def add_announcement(
    connection: asyncpg.Connection, change: Rotation, *, incarnation: int, announcement: str
) -> None:
    """Store an announcement, in the transaction that appends its entry."""
    await connection.execute(
        "INSERT INTO ledger_rotation (purpose, incarnation, valid_from, statement) VALUES ($1, $2, $3, $4)",
        change.purpose,
        incarnation,
        change.valid_from,
        announcement,
    )


async def history(connection: asyncpg.Connection, first: note.Verifier) -> History:
    """The past and present keys of the ledger; `first` alone if its key was never rotated."""
    announcements = await read_announcements(connection, LEDGER)
    return History.from_announcements(announcements) if announcements else History.of(first)


async def check(connection: asyncpg.Connection, anchor: Anchor, first: note.Verifier, *, tiled: int = 0) -> str | None:
    """Check that the database continues the anchor; returns the note of the last signed checkpoint, None before the first.

    `first` is the ledger's key if it was never rotated. The database has tiles up to the size `tiled`, which may be ahead
    of the last stored checkpoint. Raises NotContinued, and OSError if the anchor cannot be read.
    """
    # The anchor first: the log only grows, so the database has to cover it a moment later.
    text, successor, evidence = await asyncio.to_thread(lambda: (anchor.read(), anchor.successor(), anchor.evidence()))
    if successor is not None:
        raise NotContinued(f"{anchor.origin} was closed; the ledger goes on as {successor}")
    if evidence is not None:
        raise NotContinued(f"a key of this ledger signed another history; {anchor.evidence_path.name} is the proof")
    stored = await connection.fetchrow("SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
    if text is None and stored is not None:
        # The first checkpoint may have been signed just now, and the anchor is written before it is stored.
        text = await asyncio.to_thread(anchor.read)
    if text is None:
        if stored is not None:
            raise AnchorMissing("the anchor, with the last signed checkpoint, is missing from EXCHANGE_LEDGER_ANCHOR")
        return None
    signed = _open(text, anchor.origin, await history(connection, first))
    size = (await read_head(connection)).size
    if size < signed.size:
        raise NotContinued(f"the database has {size} entries, but {signed.size} were signed")
    if stored is not None and stored["size"] == signed.size:
        root = checkpoint.parse(note.text_of(stored["note"])).root
    else:
        root = await root_at(connection, signed.size, tiled=max(tiled, stored["size"] if stored else 0))
    if root != signed.root:
        raise NotContinued(f"the first {signed.size} entries of the database are not those that were signed")
    return text


async def root_at(connection: asyncpg.Connection, size: int, *, tiled: int) -> bytes:
    """The root of the tree over the first `size` entries; the database has tiles up to `tiled`. Raises NotContinued."""
    covered = min(size, tiled)
    edge = await read_tiles(connection, tiles.tiles_for_root(covered))
    while covered < size:
        stop = min(size, covered + _CHUNK)
        rows = await connection.fetch(
            "SELECT leaf_hash FROM ledger_entry WHERE seq >= $1 AND seq < $2 ORDER BY seq", covered, stop
        )
        if len(rows) != stop - covered:
            raise NotContinued("entries are missing from the database")
        edge = {**edge, **tiles.extend(covered, edge, [row["leaf_hash"] for row in rows])}
        covered = stop
    try:
        return tiles.root_from_tiles(
            lambda level, index, width: edge.get((level, index), b"")[: width * merkle.HASH_SIZE], size
        )
    except tiles.TileError as error:
        raise NotContinued("tiles are missing from the database") from error


async def read_tiles(connection: asyncpg.Connection, wanted: Iterable[tiles.Tile]) -> dict[tuple[int, int], bytes]:
    """The hashes of tiles, by level and index, as far as the database has them."""
    keys = [(tile.level, tile.index) for tile in wanted]
    rows = await connection.fetch(
        "SELECT level, index, hashes FROM ledger_tile "
        "WHERE (level, index) IN (SELECT * FROM unnest($1::smallint[], $2::bigint[]))",
        [level for level, _ in keys],
        [index for _, index in keys],
    )
    return {(row["level"], row["index"]): row["hashes"] for row in rows}


def _open(text: str, origin: str, keys: History) -> checkpoint.Checkpoint:
    try:
        signed = keys.open(text)
    except ValueError as error:
        raise NotContinued("the anchor's checkpoint is not signed by this ledger's key") from error
    if signed.origin != origin:
        raise NotContinued(f"the anchor's checkpoint is of {signed.origin}")
    return signed
