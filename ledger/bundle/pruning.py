"""Pruning an export (C2SP tlog-tiles, "Pruning"): removes entries whose retention has ended, and keeps all hashes.

The tree, all checkpoints, receipts and proofs stay verifiable; only the content of entries below the minimum index is
lost. A log may only be pruned under a published retention policy.
"""

from dataclasses import dataclass
from pathlib import Path

from ledger.bundle.files import CHECKPOINT, MINIMUM_INDEX, Bundle
from ledger.format import checkpoint, tiles


class PruningRefused(Exception):
    """The minimum index is not possible; nothing was removed."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """The new minimum index, and how many bundles of entries were removed."""

    minimum: int
    removed: int


def prune(directory: Path, minimum: int) -> Pruned:
    """Remove the bundles of entries wholly below a minimum index, and write that index to the export.

    The index is written first, so that an interruption leaves too many entries, never an unannounced gap. Raises
    PruningRefused for an index above the newest checkpoint or below the present minimum, and files.Unreadable for a
    directory without a usable export.
    """
    bundle = Bundle(directory)
    size = checkpoint.parse_number(bundle.text(CHECKPOINT).split("\n")[1])
    before = bundle.minimum_index()
    if minimum > size:
        raise PruningRefused(f"the minimum index can be at most {size}, the size of the newest checkpoint")
    if minimum < before:
        raise PruningRefused(f"entries below {before} are pruned already")
    bundle.write(MINIMUM_INDEX, f"{minimum}\n".encode())
    removed = 0
    for index in range(minimum // tiles.WIDTH):
        path = tiles.entries_path(index)
        if bundle.has(path):
            bundle.remove(path)
            removed += 1
    return Pruned(minimum, removed)
