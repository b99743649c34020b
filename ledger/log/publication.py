"""Publication: the tree's tiles and signed checkpoints in PostgreSQL, and the proofs read from them.

An entry is in the tree once a checkpoint covers it. While witnesses cosign a checkpoint, the tiles are ahead of the newest
published one, and are not served. Tiles are derived from entries, so nothing is lost if the process that grows them is
killed: the next one continues from the last checkpoint.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import asyncpg

from ledger.format import checkpoint, entry, merkle, note, tiles
from ledger.format.receipt import Receipt
from ledger.format.rotation import History
from ledger.log import continuity
from ledger.log.anchor import Anchor
from ledger.log.head import read_head

# Any number that no other advisory lock of the database uses.
_LEADER = 0x6C65_6467_6572
_STAMPER = _LEADER + 1
_CHUNK = 65_536


class TreeDiffers(continuity.NotContinued):
    """The tiles or the last checkpoint are not what this key signed. They were altered, so nothing more is signed."""


class Signers(Protocol):
    """Gives access to the log's private keys. `first` is the log's key if it was never rotated."""

    first: note.Verifier

    def signer(self, key: note.Verifier) -> note.AnySigner:
        """The signer for a key. Raises LookupError if the private key is not available."""


class NotPublished(LookupError):
    """No checkpoint covers this entry or tile."""


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint: the number of entries it covers, and the signed note."""

    size: int
    note: str


async def latest(connection: asyncpg.Connection) -> Published | None:
    """The latest checkpoint, or None before the first."""
    row = await connection.fetchrow("SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
    return Published(row["size"], row["note"]) if row else None


async def checkpoints(connection: asyncpg.Connection, *, after: int, limit: int) -> list[Published]:
    """The next checkpoints above the size `after`, ascending."""
    rows = await connection.fetch(
        "SELECT size, note FROM ledger_checkpoint WHERE size > $1 ORDER BY size LIMIT $2", after, limit
    )
    return [Published(row["size"], row["note"]) for row in rows]


async def lead(connection: asyncpg.Connection) -> bool:
    """Become the leader that publishes, until the connection ends; False while another process is."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LEADER))


async def resign(connection: asyncpg.Connection) -> None:
    """Stop being the leader that publishes."""
    await connection.fetchval("SELECT pg_advisory_unlock($1)", _LEADER)


async def publish(
    connection: asyncpg.Connection, signers: Signers, *, anchor: Anchor, now: datetime
) -> Published | None:
    """Grow the tree over all durable entries, and sign and publish a checkpoint; None if there are no new entries.

    Only the leader may call this. Raises continuity.NotContinued if the ledger is not what was signed, AnchorMoved if
    another instance has signed meanwhile, and OSError if the anchor cannot be used.
    """
    signed = await grow(connection, signers, anchor=anchor)
    if signed is not None:
        await record(connection, signed, now=now)
    return signed


async def grow(
    connection: asyncpg.Connection, signers: Signers, *, anchor: Anchor, since: Published | None = None
) -> Published | None:
    """Grow the tiles over all durable entries and sign a checkpoint, without publishing it; None without new entries.

    `since` is the checkpoint that this returned last, if it is not published yet; growth continues from there. The anchor
    has the returned checkpoint, so it can be shown: whatever this or another process signs later continues it. Only the
    leader may call this. Raises as `publish` does.
    """
    before = since or await latest(connection)
    anchored = await continuity.check(connection, anchor, signers.first, tiled=before.size if before else 0)
    size = before.size if before else 0
    # The size before the keys, so that every rotation it covers is read.
    target = (await read_head(connection)).size
    if target == size:
        return None
    keys = await continuity.history(connection, signers.first)
    signer = signers.signer(keys.at(target))
    edge = await continuity.read_tiles(connection, tiles.tiles_for_root(size))
    if before is not None:
        signed = _own(before.note, keys)
        if tiles.root_from_tiles(_reader(edge), size) != signed.root:
            raise TreeDiffers("the tiles' root is not the last checkpoint's")
    async with connection.transaction():
        while size < target:
            stop = min(target, size + _CHUNK)
            rows = await connection.fetch(
                "SELECT leaf_hash FROM ledger_entry WHERE seq >= $1 AND seq < $2 ORDER BY seq", size, stop
            )
            if len(rows) != stop - size:
                raise TreeDiffers("entries are missing from the database")
            changed = tiles.extend(size, edge, [row["leaf_hash"] for row in rows])
            await _write_tiles(connection, changed)
            edge = {**edge, **changed}
            size = stop
    root = tiles.root_from_tiles(_reader(edge), size)
    # Signing runs in a thread, since a token may be slow.
    signed_note = await asyncio.to_thread(checkpoint.sign, checkpoint.Checkpoint(signer.name, size, root), signer)
    # Before anybody sees it, and outside the database: the next checkpoint has to continue it.
    await asyncio.to_thread(anchor.swap, anchored, signed_note)
    return Published(size, signed_note)


async def record(connection: asyncpg.Connection, signed: Published, *, now: datetime) -> None:
    """Publish a signed, and possibly cosigned, checkpoint as the newest."""
    await connection.execute(
        "INSERT INTO ledger_checkpoint (size, note, signed_at) VALUES ($1, $2, $3)", signed.size, signed.note, now
    )


async def consistency(connection: asyncpg.Connection, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `new` entries extends that of `old`, 0 < old <= new; the tiles must cover `new`."""
    contents = await continuity.read_tiles(connection, tiles.tiles_for_consistency(old, new))
    return tiles.consistency_proof(_reader(contents), old, new)


async def newest_at(connection: asyncpg.Connection) -> datetime | None:
    """When the newest published checkpoint was signed; None before the first."""
    signed: datetime | None = await connection.fetchval(
        "SELECT signed_at FROM ledger_checkpoint ORDER BY size DESC LIMIT 1"
    )
    return signed


async def uncovered_since(connection: asyncpg.Connection) -> datetime | None:
    """The time of the first entry that no published checkpoint covers; None if all are covered."""
    leaf = await connection.fetchval(
        "SELECT leaf FROM ledger_entry WHERE seq = (SELECT coalesce(max(size), 0) FROM ledger_checkpoint)"
    )
    return None if leaf is None else datetime.fromisoformat(entry.parse(leaf).body["at"])


def _own(text: str, keys: History) -> checkpoint.Checkpoint:
    """Verify a checkpoint of this log. Raises TreeDiffers, since another key would mean that the log was replaced."""
    try:
        return keys.open(text)
    except ValueError as error:
        raise TreeDiffers("the last checkpoint is not signed by this ledger's key") from error


def _reader(contents: dict[tuple[int, int], bytes]) -> tiles.Read:
    def read(level: int, index: int, width: int) -> bytes:
        return contents.get((level, index), b"")[: width * merkle.HASH_SIZE]

    return read


async def _write_tiles(connection: asyncpg.Connection, changed: dict[tuple[int, int], bytes]) -> None:
    await connection.execute(
        "INSERT INTO ledger_tile (level, index, hashes) "
        "SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) "
        "ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes",
        [level for level, _ in changed],
        [index for _, index in changed],
        list(changed.values()),
    )


async def read_tile(connection: asyncpg.Connection, level: int, index: int, width: int) -> bytes:
    """The first `width` hashes of a tile, if the newest checkpoint covers them. Raises NotPublished."""
    published = await latest(connection)
    hashes = (await continuity.read_tiles(connection, [tiles.Tile(level, index, width)])).get((level, index), b"")
    is_covered = published is not None and tiles.width(level, index, published.size) >= width
    if not is_covered or len(hashes) < width * merkle.HASH_SIZE:
        raise NotPublished("no checkpoint covers this tile yet")
    return hashes[: width * merkle.HASH_SIZE]


async def receipt(connection: asyncpg.Connection, index: int) -> str:
    """The receipt of an entry under the latest checkpoint, as a C2SP tlog-proof. Raises NotPublished."""
    published = await latest(connection)
    if published is None or index >= published.size:
        raise NotPublished("no checkpoint covers this entry yet")
    contents = await continuity.read_tiles(connection, tiles.tiles_for_inclusion(index, published.size))
    path = tiles.inclusion_proof(_reader(contents), index, published.size)
    return Receipt(index, tuple(path), published.note).text()


async def lead_stamping(connection: asyncpg.Connection) -> bool:
    """Become the leader that requests timestamps, until the connection ends; False while another process is."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _STAMPER))


async def resign_stamping(connection: asyncpg.Connection) -> None:
    """Stop being the leader that requests timestamps."""
    await connection.fetchval("SELECT pg_advisory_unlock($1)", _STAMPER)


async def add_timestamp(connection: asyncpg.Connection, size: int, token: bytes, *, now: datetime) -> None:
    """Store the timestamp (an RFC 3161 response) over the checkpoint of a size, unless it has one."""
    await connection.execute(
        "INSERT INTO ledger_timestamp (size, token, stamped_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        size,
        token,
        now,
    )


async def timestamp(connection: asyncpg.Connection, size: int) -> bytes | None:
    """The timestamp over the checkpoint of a size, or None."""
    token: bytes | None = await connection.fetchval("SELECT token FROM ledger_timestamp WHERE size = $1", size)
    return token


async def list_timestamps(connection: asyncpg.Connection, *, after: int, limit: int) -> list[int]:
    """The next sizes above `after` whose checkpoints have timestamps, ascending."""
    rows = await connection.fetch(
        "SELECT size FROM ledger_timestamp WHERE size > $1 ORDER BY size LIMIT $2", after, limit
    )
    return [row["size"] for row in rows]
