"""Blocks: a bundle of 256 entries with its tile, read together and checked as a whole.

Nearly every block of nearly every log is sound. So a block is compared as a whole with its tile and its chain, and only
a block that fails is examined entry by entry (`ledger.verification.walk`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.bundle.files import Files, Missing, Unreadable
from ledger.format import canonical, entry, merkle, tiles
from ledger.verification.claims import Flaw, Observation
from ledger.verification.report import Code, Finding

_GROUP = 32  # bodies checked together: few enough for the processor's cache
UNKNOWN: Final = None
"""The hash of the entry before a block, if that entry could not be read."""


@dataclass(slots=True)
class Block:
    """The bundle's entries from `start` on, as far as they are whole, with their tile.

    `stored` are the hashes of the entries' bytes; `hashes` are those of the tile, or None if it cannot be read. A block
    `is_sound` if nothing is wrong with it, apart from the next block's claim about its last entry. A block `is_pruned`
    if its entries were removed and may be missing.
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
        """The hash of the block's last entry, which the next block has to follow."""
        return self.stored[-1] if len(self.stored) == self.width else UNKNOWN

    def observe(self, position: int) -> Observation:
        """Observe the bundle at a position, and parse the entry strictly."""
        index = self.start + position
        tile = self.hashes[position] if self.hashes else None
        if position >= len(self.leaves):
            return Observation(index, None, tile, None, None)
        prev, flaw = None, None
        try:
            parsed = entry.parse(self.leaves[position])
        except entry.MalformedEntry as error:
            flaw = Flaw(Code.ENTRY_MALFORMED, f"entry {index} is malformed: {error}")
        else:
            prev = parsed.prev
            if parsed.seq != index:
                flaw = Flaw(Code.SEQUENCE_BROKEN, f"entry {index} has the number {parsed.seq}")
            elif index == 0 and prev != entry.GENESIS:
                flaw = Flaw(Code.CHAIN_BROKEN, "entry 0 claims to follow another")
        return Observation(index, self.stored[position], tile, prev, flaw)


def read(files: Files, index: int, size: int, prev: bytes | None, *, minimum: int = 0) -> Block:
    """Read and check a block of the tree of `size`. `prev` is the hash of the entry before it, or UNKNOWN.

    Bundles wholly below `minimum` may be missing.
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
        # The checkpoints prove the tile's hashes of pruned entries, and the next block follows from them.
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
    """Whether `entry.parse` accepts every entry, and each has its number and follows the one before."""
    bodies = []
    for seq, leaf in enumerate(leaves, start):
        body = entry.body_at(leaf, prev, seq)
        if body is None:
            return False
        bodies.append(body)
        prev = stored[seq - start]
    return all(canonical.are_plain_objects(bodies[first : first + _GROUP]) for first in range(0, len(bodies), _GROUP))
