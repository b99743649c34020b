"""A bundle of entries with its tile: read once, and looked over at once.

Nearly all there is in nearly all logs is as it has to be. So a block of 256 entries is compared as a whole with its tile
and its chain; only where that fails is it worth asking, entry by entry, what is wrong (`ledger.verification.walk`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.bundle.files import Files, Missing, Unreadable
from ledger.format import canonical, entry, merkle, tiles
from ledger.verification.claims import Flaw, Record
from ledger.verification.report import Code, Finding

_GROUP = 32  # bodies looked at together: few enough to stay in the processor's cache
UNKNOWN: Final = None
"""The hash of the entry before a block, where that one could not be read."""


@dataclass(slots=True)
class Block:
    """What the bundle has of the entries from `start` on: their bytes, as far as they are whole, and their tile.

    `is_pruned` says that its entries are gone and need not be
    there. `stored` are the hashes of the bytes, `hashes` those of the tile, None where it cannot be had. `is_sound` says that
    nothing can be wrong with it, but for what the block after it says of its last entry.
    """

    index: int
    width: int
    leaves: list[bytes]
    stored: list[bytes]
    hashes: list[bytes] | None
    findings: list[Finding] = field(default_factory=list)
    is_sound: bool = False
    is_pruned: bool = False

    @property
    def start(self) -> int:
        """The index of the block's first entry."""
        return self.index * tiles.WIDTH

    @property
    def last(self) -> bytes | None:
        """The hash of the bytes of the block's last entry, for the next block to follow."""
        return self.stored[-1] if len(self.stored) == self.width else UNKNOWN

    def record(self, position: int) -> Record:
        """What there is at a position; parsed anew, and with care."""
        index = self.start + position
        tile = self.hashes[position] if self.hashes else None
        if position >= len(self.leaves):
            return Record(index, None, tile, None, None)
        prev, flaw = None, None
        try:
            parsed = entry.parse(self.leaves[position])
        except entry.MalformedEntry as error:
            flaw = Flaw(Code.ENTRY_MALFORMED, f"entry {index} does not have the form of an entry: {error}")
        else:
            prev = parsed.prev
            if parsed.seq != index:
                flaw = Flaw(Code.SEQUENCE_BROKEN, f"entry {index} calls itself number {parsed.seq}")
            elif index == 0 and prev != entry.GENESIS:
                flaw = Flaw(Code.CHAIN_BROKEN, "entry 0 claims to follow another")
        return Record(index, self.stored[position], tile, prev, flaw)


def read(files: Files, index: int, size: int, prev: bytes | None, *, minimum: int = 0) -> Block:
    """Read a block of the tree of `size` and look it over. `prev` is the hash of the entry before it, or UNKNOWN.

    Entries below `minimum` may be missing, by whole bundles.
    """
    width = tiles.width(tiles.ENTRIES, index, size)
    start, findings = index * tiles.WIDTH, []
    hashes = None
    tile = tiles.Tile(0, index, width)
    try:
        hashes = tiles.hashes(files.tile(tile))
    except Unreadable as error:
        code = Code.TILE_MISSING if isinstance(error, Missing) else Code.FILE_UNUSABLE
        findings.append(Finding(code, error.reason, path=error.path))
    leaves, reason = files.entries(index, width)
    if reason is not None and not leaves and start + width <= minimum and width == tiles.WIDTH:
        # What the tiles say of entries that are gone is proven by the checkpoints, and the next block follows from there.
        return Block(index, width, [], hashes or [], hashes, findings, is_sound=hashes is not None, is_pruned=True)
    if reason is not None:
        is_short = len(leaves) < width
        code = Code.ENTRY_MISSING if is_short else Code.FILE_UNUSABLE
        missing = start + len(leaves) if is_short else None
        findings.append(Finding(code, reason, index=missing, path=tiles.entries_path(index, width)))
    stored = [merkle.leaf_hash(leaf) for leaf in leaves]
    is_sound = not findings and stored == hashes and prev is not UNKNOWN and _is_chain(leaves, stored, start, prev)
    return Block(index, width, leaves, stored, hashes, findings, is_sound)


def _is_chain(leaves: Sequence[bytes], stored: Sequence[bytes], start: int, prev: bytes) -> bool:
    """Whether `entry.parse` would take all of these, and each is in its place behind the one before."""
    bodies = []
    for seq, leaf in enumerate(leaves, start):
        body = entry.body_at(leaf, prev, seq)
        if body is None:
            return False
        bodies.append(body)
        prev = stored[seq - start]
    return all(canonical.are_plain_objects(bodies[first : first + _GROUP]) for first in range(0, len(bodies), _GROUP))
