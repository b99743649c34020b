"""Publishing the tree: its tiles and signed checkpoints, in PostgreSQL, and the proofs read from them.

Entries are in the tree as soon as a checkpoint covers them. Where witnesses are to cosign it first, the tiles are ahead
of the newest published checkpoint for that time; nothing of them is given out. The tiles follow from the entries, so
nothing is lost if the process that grows them is killed: the next one reads where the last checkpoint ended and goes on.
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
    """The tiles or the last checkpoint are not what this key signed: something was changed, and nothing more is signed."""


class Signers(Protocol):
    """Whoever has the private keys of the log. `first` is its key where that was never rotated."""

    first: note.Verifier

    def signer(self, key: note.Verifier) -> note.AnySigner:
        """What signs with a key. Raises LookupError where the private key cannot be had."""


class NotPublished(LookupError):
    """No checkpoint covers this yet, or the ledger has no such entry."""


@dataclass(frozen=True, slots=True)
class Published:
    """The latest checkpoint: how many entries it covers, and the signed note."""

    size: int
    note: str


async def latest(connection: asyncpg.Connection) -> Published | None:
    """The latest checkpoint, or None before the first."""
    row = await connection.fetchrow("SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
    return Published(row["size"], row["note"]) if row else None


async def checkpoints(connection: asyncpg.Connection, *, after: int, limit: int) -> list[Published]:
    """The checkpoints of more than `after` entries, smallest first."""
    rows = await connection.fetch(
        "SELECT size, note FROM ledger_checkpoint WHERE size > $1 ORDER BY size LIMIT $2", after, limit
    )
    return [Published(row["size"], row["note"]) for row in rows]


async def lead(connection: asyncpg.Connection) -> bool:
    """Become the one that publishes, for as long as the connection lives; False while another is."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LEADER))


async def resign(connection: asyncpg.Connection) -> None:
    """Let another one publish."""
    await connection.fetchval("SELECT pg_advisory_unlock($1)", _LEADER)


async def publish(
    connection: asyncpg.Connection, signers: Signers, *, anchor: Anchor, now: datetime
) -> Published | None:
    """Grow the tree over all durable entries and sign a checkpoint of it; None where there is nothing new.

    Only the leader may call this. Raises continuity.NotContinued where the ledger is not what was signed, AnchorMoved
    where another instance has signed meanwhile, and OSError where the anchor cannot be used.
    """
    signed = await grow(connection, signers, anchor=anchor)
    if signed is not None:
        await record(connection, signed, now=now)
    return signed


async def grow(
    connection: asyncpg.Connection, signers: Signers, *, anchor: Anchor, since: Published | None = None
) -> Published | None:
    """Grow the tiles over all durable entries and sign a checkpoint, which is not published; None if there is nothing new.

    `since` is what this returned last where that has not been published yet: growth goes on from there instead of the
    newest published checkpoint. The anchor has what is returned, so whoever is shown it sees nothing that could be taken
    back: whatever is signed after it continues it, by this process or another. Only the leader may call this. Raises as
    `publish` does.
    """
    before = since or await latest(connection)
    known = await continuity.check(connection, anchor, signers.first, tiled=before.size if before else 0)
    size = before.size if before else 0
    # The size first: whatever rotation it covers is found then.
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
    # In a thread, since a key in a token may take its time.
    signed_note = await asyncio.to_thread(checkpoint.sign, checkpoint.Checkpoint(signer.name, size, root), signer)
    # Before anybody sees it, and outside the database: whatever is signed next continues it.
    await asyncio.to_thread(anchor.swap, known, signed_note)
    return Published(size, signed_note)


async def record(connection: asyncpg.Connection, signed: Published, *, now: datetime) -> None:
    """Publish a checkpoint that was signed, and perhaps cosigned: from here on it is the newest."""
    await connection.execute(
        "INSERT INTO ledger_checkpoint (size, note, signed_at) VALUES ($1, $2, $3)", signed.size, signed.note, now
    )


async def consistency(connection: asyncpg.Connection, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `new` entries extends the one of `old`, 0 < old <= new, up to where the tiles grew."""
    contents = await continuity.read_tiles(connection, tiles.tiles_for_consistency(old, new))
    return tiles.consistency_proof(_reader(contents), old, new)


async def uncovered_since(connection: asyncpg.Connection) -> datetime | None:
    """When the first entry was made that no published checkpoint covers; None where all are covered."""
    leaf = await connection.fetchval(
        "SELECT leaf FROM ledger_entry WHERE seq = (SELECT coalesce(max(size), 0) FROM ledger_checkpoint)"
    )
    return None if leaf is None else datetime.fromisoformat(entry.parse(leaf).body["at"])


def _own(text: str, keys: History) -> checkpoint.Checkpoint:
    """A checkpoint that this very log signed. Raises TreeDiffers: going on under another key would hide a swap."""
    try:
        return keys.open(text)
    except ValueError as error:
        raise TreeDiffers("the last checkpoint has no good signature by this key") from error


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
    """The hashes of a tile, or of a partial tile of that width. Raises NotPublished."""
    published = await latest(connection)
    found = (await continuity.read_tiles(connection, [tiles.Tile(level, index, width)])).get((level, index), b"")
    is_covered = published is not None and tiles.width(level, index, published.size) >= width
    if not is_covered or len(found) < width * merkle.HASH_SIZE:
        raise NotPublished("no checkpoint covers this tile yet")
    return found[: width * merkle.HASH_SIZE]


async def receipt(connection: asyncpg.Connection, index: int) -> str:
    """The receipt of an entry under the latest checkpoint, as a C2SP tlog-proof. Raises NotPublished."""
    published = await latest(connection)
    if published is None or index >= published.size:
        raise NotPublished("no checkpoint covers this entry yet")
    contents = await continuity.read_tiles(connection, tiles.tiles_for_inclusion(index, published.size))
    path = tiles.inclusion_proof(_reader(contents), index, published.size)
    return Receipt(index, tuple(path), published.note).text()


async def lead_stamping(connection: asyncpg.Connection) -> bool:
    """Become the one that asks for timestamps, for as long as the connection lives; False while another is."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _STAMPER))


async def resign_stamping(connection: asyncpg.Connection) -> None:
    """Let another one ask for timestamps."""
    await connection.fetchval("SELECT pg_advisory_unlock($1)", _STAMPER)


async def keep_timestamp(connection: asyncpg.Connection, size: int, token: bytes, *, now: datetime) -> None:
    """Keep the timestamp over the checkpoint of a size, an RFC 3161 response; the first one stays."""
    await connection.execute(
        "INSERT INTO ledger_timestamp (size, token, stamped_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        size,
        token,
        now,
    )


async def timestamp(connection: asyncpg.Connection, size: int) -> bytes | None:
    """The timestamp over the checkpoint of a size."""
    found: bytes | None = await connection.fetchval("SELECT token FROM ledger_timestamp WHERE size = $1", size)
    return found


async def timestamped(connection: asyncpg.Connection, *, after: int, limit: int) -> list[int]:
    """The sizes above `after` whose checkpoints have timestamps, smallest first."""
    rows = await connection.fetch(
        "SELECT size FROM ledger_timestamp WHERE size > $1 ORDER BY size LIMIT $2", after, limit
    )
    return [row["size"] for row in rows]
