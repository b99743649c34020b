"""A ledger that is no longer appended to, written out of the database as a bundle that `ledger verify` reads."""

import json
from pathlib import Path

import asyncpg

from ledger import checkpoint, continuity, note, policy, publication, store, tiles
from ledger.bundle import CHECKPOINT, CHECKPOINTS, POLICY, ROTATIONS, VKEY, Bundle, Missing
from ledger.rotation import LEDGER

_PAGE = 1000


async def write(connection: asyncpg.Connection, directory: Path, first: note.Verifier) -> int:
    """Write everything up to the database's last checkpoint; returns the archive's size, 0 where there is no checkpoint.

    An archive of this ledger that reaches further, from a later backup, stays. `first` is the ledger's key where it was
    never rotated. Raises bundle.Unreadable where the directory cannot be read or written.
    """
    bundle = Bundle(directory)
    newest = await publication.latest(connection)
    kept = _size(bundle)
    if newest is None or newest.size <= kept:
        return kept
    for block in range(-(-newest.size // tiles.WIDTH)):
        start = block * tiles.WIDTH
        leaves = await store.read_leaves(connection, start, min(start + tiles.WIDTH, newest.size))
        bundle.write(tiles.entries_path(block, len(leaves)), tiles.pack(leaves))
    for level in range(tiles.MAX_LEVEL):
        count = -(-(newest.size >> tiles.HEIGHT * level) // tiles.WIDTH)
        if not count:
            break
        for index in range(count):
            tile = tiles.Tile(level, index, tiles.width(level, index, newest.size))
            found = await continuity.read_tiles(connection, [tile])
            bundle.write(tile.path, found[level, index][: tile.width * 32])
    after = 0
    while page := await publication.checkpoints(connection, after=after, limit=_PAGE):
        for one in page:
            bundle.write(f"{CHECKPOINTS}/{one.size}", one.note.encode())
            after = one.size
    keys = await continuity.history(connection, first)
    statements = await continuity.statements(connection, LEDGER)
    if statements:
        bundle.write(ROTATIONS, json.dumps(statements, ensure_ascii=False, indent=1).encode())
    bundle.write(VKEY, f"{keys.newest.vkey}\n".encode())
    bundle.write(POLICY, policy.unwitnessed(keys.newest).text().encode())
    bundle.write(CHECKPOINT, newest.note.encode())
    return newest.size


def _size(bundle: Bundle) -> int:
    """How many entries an archive covers that is complete: its checkpoint is written last."""
    try:
        return checkpoint.parse(note.text_of(bundle.text(CHECKPOINT))).size
    except (Missing, note.BadNote, checkpoint.MalformedCheckpoint):
        return 0
