"""Archives: writes a ledger that has ended from the database into a directory that `ledger verify` reads."""

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
    """Write everything up to the database's last checkpoint; returns the archive's size, 0 without a checkpoint.

    A larger archive of this ledger, from a later backup, stays. An archive of another history, from another copy, or an
    incomplete one, is renamed.

    `first` is the ledger's key if it was never rotated. `last` is the note of the last signed checkpoint, which the
    database may lack. Raises files.Unreadable if the directory cannot be written, continuity.NotContinued.
    """
    newest = await publication.latest(connection)
    if newest is None:
        return 0
    bundle = Bundle(directory)
    archived = await _archived_size(
        connection, bundle, [_parse(text) for text in (newest.note, last) if text is not None]
    )
    if archived >= newest.size:
        return archived
    if not archived:
        bundle.set_aside()
    await _write_tree(connection, bundle, newest.size)
    after = 0
    while page := await publication.checkpoints(connection, after=after, limit=_PAGE):
        for published in page:
            bundle.write(f"{CHECKPOINTS}/{published.size}", published.note.encode())
            after = published.size
    keys = await continuity.history(connection, first)
    announcements = await continuity.read_announcements(connection, LEDGER)
    if announcements:
        bundle.write(ROTATIONS, json.dumps(announcements, ensure_ascii=False, indent=1).encode())
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
            hashes = await continuity.read_tiles(connection, [tile])
            bundle.write(tile.path, hashes[level, index][: tile.width * merkle.HASH_SIZE], sync_name=False)
    bundle.sync()


async def _archived_size(
    connection: asyncpg.Connection, bundle: Bundle, checkpoints: Sequence[checkpoint.Checkpoint]
) -> int:
    """The size of an archive of the known history; 0 if it is of another history, or incomplete.

    An archive's checkpoint is written last. The first of the known ones is the database's newest.
    """
    try:
        archived = _parse(bundle.text(CHECKPOINT))
        if archived.size < checkpoints[0].size:
            root = await continuity.root_at(connection, archived.size, tiled=checkpoints[0].size)
            return archived.size if root == archived.root else 0

        def read(level: int, index: int, width: int) -> bytes:
            grown = tiles.Tile(level, index, tiles.width(level, index, archived.size))
            return bundle.tile(grown)[: width * merkle.HASH_SIZE]

        covered = [signed for signed in checkpoints if signed.size <= archived.size]
        is_same = all(tiles.root_from_tiles(read, signed.size) == signed.root for signed in covered)
    except (Unreadable, note.BadNote, checkpoint.MalformedCheckpoint, tiles.TileError):
        return 0
    return archived.size if is_same else 0


def _parse(text: str) -> checkpoint.Checkpoint:
    return checkpoint.parse(note.text_of(text))
