"""A ledger that is no longer appended to, written out of the database as a bundle that `ledger verify` reads."""

import json
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from ledger.bundle.files import CHECKPOINT, CHECKPOINTS, POLICY, ROTATIONS, VKEY, Bundle, Unreadable
from ledger.format import checkpoint, merkle, note, tiles, trust_policy
from ledger.format.rotation import LEDGER
from ledger.log import continuity, publication, store

_PAGE = 1000


async def write(
    connection: asyncpg.Connection, directory: Path, first: note.Verifier, *, last: str | None = None
) -> int:
    """Write everything up to the database's last checkpoint; returns the archive's size, 0 where there is no checkpoint.

    An archive of this ledger that reaches further, from a later backup, stays. What lies there of another history, from
    an attempt on another copy, or is not complete, is set aside under a name beside it.

    `first` is the ledger's key where it was never rotated, `last` the last checkpoint that was signed of it, as its note,
    which the database may lack. Raises bundle.Unreadable where the directory cannot be written, continuity.NotContinued.
    """
    newest = await publication.latest(connection)
    if newest is None:
        return 0
    bundle = Bundle(directory)
    kept = await _kept(connection, bundle, [_parsed(text) for text in (newest.note, last) if text is not None])
    if kept >= newest.size:
        return kept
    if not kept:
        bundle.set_aside()
    await _write_tree(connection, bundle, newest.size)
    after = 0
    while page := await publication.checkpoints(connection, after=after, limit=_PAGE):
        for one in page:
            bundle.write(f"{CHECKPOINTS}/{one.size}", one.note.encode())
            after = one.size
    keys = await continuity.history(connection, first)
    statements = await continuity.read_announcements(connection, LEDGER)
    if statements:
        bundle.write(ROTATIONS, json.dumps(statements, ensure_ascii=False, indent=1).encode())
    bundle.write(VKEY, f"{keys.newest.vkey}\n".encode())
    bundle.write(POLICY, trust_policy.TrustPolicy.for_log(keys.newest).text().encode())
    bundle.write(CHECKPOINT, newest.note.encode())
    return newest.size


async def _write_tree(connection: asyncpg.Connection, bundle: Bundle, size: int) -> None:
    for block in range(-(-size // tiles.WIDTH)):
        start = block * tiles.WIDTH
        leaves = await store.read_leaves(connection, start, min(start + tiles.WIDTH, size))
        bundle.write(tiles.entries_path(block, len(leaves)), tiles.pack(leaves), sync_name=False)
    for level in range(tiles.MAX_LEVEL):
        count = -(-(size >> tiles.HEIGHT * level) // tiles.WIDTH)
        if not count:
            break
        for index in range(count):
            tile = tiles.Tile(level, index, tiles.width(level, index, size))
            found = await continuity.read_tiles(connection, [tile])
            bundle.write(tile.path, found[level, index][: tile.width * 32], sync_name=False)
    bundle.sync()


async def _kept(connection: asyncpg.Connection, bundle: Bundle, known: Sequence[checkpoint.Checkpoint]) -> int:
    """How many entries an archive covers of the history that is known; 0 where it is of another, or not complete.

    Its checkpoint is written last. The first of those known is the database's newest.
    """
    try:
        kept = _parsed(bundle.text(CHECKPOINT))
        if kept.size < known[0].size:
            root = await continuity.root_at(connection, kept.size, tiled=known[0].size)
            return kept.size if root == kept.root else 0

        def read(level: int, index: int, width: int) -> bytes:
            grown = tiles.Tile(level, index, tiles.width(level, index, kept.size))
            return bundle.tile(grown)[: width * merkle.HASH_SIZE]

        covered = [one for one in known if one.size <= kept.size]
        return kept.size if all(tiles.root_from_tiles(read, one.size) == one.root for one in covered) else 0
    except (Unreadable, note.BadNote, checkpoint.MalformedCheckpoint, tiles.TileError):
        return 0


def _parsed(text: str) -> checkpoint.Checkpoint:
    return checkpoint.parse(note.text_of(text))
