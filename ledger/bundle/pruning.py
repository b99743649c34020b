"""Pruning an export (C2SP tlog-tiles, "Pruning"): entries that retention lets go are removed, hashes stay.

The tree, all checkpoints, receipts and proofs stay as they are and verifiable. What can no longer be shown is what the
entries below the minimum index said. A log may only be pruned under a published retention policy.
"""

from dataclasses import dataclass
from pathlib import Path

from ledger.bundle.files import CHECKPOINT, MINIMUM_INDEX, Bundle
from ledger.format import checkpoint, tiles


class PruningRefused(Exception):
    """That minimum index cannot be; nothing was removed."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning came to: the minimum index that is stated, and how many bundles of entries were removed."""

    minimum: int
    removed: int


def prune(directory: Path, minimum: int) -> Pruned:
    """Remove the bundles of entries that lie wholly below a minimum index, and state it in the export.

    The minimum index is stated first: an interruption leaves entries that need not be there, never a gap that nobody
    announced. Raises PruningRefused for one beyond the newest checkpoint or below the one that is stated, and
    bundle.Unreadable for a directory without a usable export.
    """
    bundle = Bundle(directory)
    size = checkpoint.parse_number(bundle.text(CHECKPOINT).split("\n")[1])
    before = bundle.minimum_index()
    if minimum > size:
        raise PruningRefused(f"the newest checkpoint has {size} entries, so the minimum index is at most that")
    if minimum < before:
        raise PruningRefused(f"entries below {before} are gone already")
    bundle.write(MINIMUM_INDEX, f"{minimum}\n".encode())
    removed = 0
    for index in range(minimum // tiles.WIDTH):
        path = tiles.entries_path(index)
        if bundle.has(path):
            bundle.remove(path)
            removed += 1
    return Pruned(minimum, removed)
