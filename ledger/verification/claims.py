"""The three claims about an entry's hash, and which of them a signed checkpoint confirms.

A bundle gives the hash of entry i three times: by the entry's bytes, by a level-0 tile, and by the `prev` of entry
i + 1. If they differ, one was altered. The tree over the true hashes has the root that the log signed, so the verifier
grows two trees side by side, one that prefers the chain and one that prefers the tiles, and each signed checkpoint
decides between them.
"""

from dataclasses import dataclass

from ledger.format import merkle, tiles
from ledger.verification.report import Code, Finding


@dataclass(frozen=True, slots=True)
class Flaw:
    """A defect of an entry's own bytes, whether the log wrote it or somebody altered it."""

    code: Code
    detail: str


@dataclass(frozen=True, slots=True)
class Observation:
    """The bundle's content at one index: the hash of the entry's bytes, the hash in the tile, and the entry's `prev`.

    A value is None if the bundle lacks it or it cannot be read.
    """

    index: int
    entry: bytes | None
    tile: bytes | None
    prev: bytes | None
    flaw: Flaw | None


@dataclass(frozen=True, slots=True)
class Claims:
    """The hashes that the entry's bytes, its tile and its successor's `prev` claim for one entry."""

    index: int
    entry: bytes | None
    tile: bytes | None
    successor: bytes | None
    flaw: Flaw | None

    @classmethod
    def of(cls, observed: Observation, following: Observation | None, second: Observation | None) -> "Claims":
        """Combine an observation with the two after it.

        A successor whose own hash is disputed makes no claim, because its `prev` may be what was altered.
        """
        successor = following.prev if following else None
        if successor is not None and following is not None and successor != observed.entry:
            other = second.prev if second and second.prev is not None else following.tile
            if other not in (None, following.entry):
                successor = None
        return cls(observed.index, observed.entry, observed.tile, successor, observed.flaw)

    @property
    def chain_first(self) -> bytes | None:
        """The hash for the tree that prefers the chain."""
        return self.successor or self.entry or self.tile

    @property
    def tile_first(self) -> bytes | None:
        """The hash for the tree that prefers the tiles."""
        return self.tile or self.entry or self.successor

    @property
    def is_disputed(self) -> bool:
        """Whether two claims differ."""
        return len({self.entry, self.tile, self.successor} - {None}) > 1

    def judge(self, truth: bytes | None, size: int | None) -> Finding | None:
        """The finding on disputed claims. `truth` is the hash that the checkpoint of `size` proves, or None."""
        if self.entry is None:
            return self._judge_without_entry(truth, size)
        evidence = [f"checkpoint {size}"] if truth is not None else []
        if truth is None:
            if self.entry == self.tile:
                return self._undecided(self.entry)
            truth = self.successor or self.tile or self.entry
        if self.entry != truth:
            if self.successor == truth:
                evidence.append(f"prev of entry {self.index + 1}")
            if self.tile == truth:
                evidence.append("tile")
            note = f"; {self.flaw.detail}" if self.flaw else ""
            return Finding(
                Code.ENTRY_ALTERED,
                f"entry {self.index} is not the one that was logged{note}",
                index=self.index,
                path=_path(tiles.ENTRIES, self.index),
                expected=truth.hex(),
                found=self.entry.hex(),
                evidence=tuple(evidence),
            )
        evidence.append("entry")
        if self.tile not in (None, truth):
            if self.successor == truth:
                evidence.append(f"prev of entry {self.index + 1}")
            return _altered_tile(self.index, truth, self.tile or b"", evidence)
        return self._breaks_chain(truth, evidence)

    def _judge_without_entry(self, truth: bytes | None, size: int | None) -> Finding | None:
        """The finding on an entry that is pruned or missing, whose tile and successor may still differ."""
        if truth is None or self.tile is None or self.successor is None:
            return None
        if self.tile != truth:
            evidence = [f"checkpoint {size}", f"prev of entry {self.index + 1}"]
            return _altered_tile(self.index, truth, self.tile, evidence)
        return self._breaks_chain(truth, [f"checkpoint {size}", "tile"])

    def _breaks_chain(self, truth: bytes, evidence: list[str]) -> Finding:
        return Finding(
            Code.CHAIN_BROKEN,
            f"entry {self.index + 1} follows an entry that is not entry {self.index}",
            index=self.index + 1,
            path=_path(tiles.ENTRIES, self.index + 1),
            expected=truth.hex(),
            found=(self.successor or b"").hex(),
            evidence=tuple(evidence),
        )

    def _undecided(self, entry: bytes) -> Finding:
        return Finding(
            Code.CHAIN_BROKEN,
            f"entry {self.index} and its tile do not agree with the prev of entry {self.index + 1}, "
            "and no checkpoint decides between them",
            index=self.index,
            until=self.index + 2,
            path=_path(tiles.ENTRIES, self.index),
            expected=(self.successor or b"").hex(),
            found=entry.hex(),
        )


class Tree:
    """A Merkle tree that grows leaf by leaf, over one choice of the claimed hashes."""

    def __init__(self) -> None:
        self.size = 0
        self.is_lost = False
        self._nodes: list[bytes] = []

    def append(self, node: bytes | None, *, height: int = 0) -> list[tuple[int, int, bytes]]:
        """Append a leaf, or the root over 2^height leaves; the size must be a multiple of 2^height.

        Returns (level, index, root) of each tile that this completes. After a None the tree is lost: its root stays
        unknown.
        """
        if node is None:
            self.is_lost = True
            node = bytes(merkle.HASH_SIZE)
        completed = []
        rest = self.size >> height
        self.size += 1 << height
        while True:
            if height and height % tiles.HEIGHT == 0:
                completed.append((height // tiles.HEIGHT - 1, rest, node))
            if not rest & 1:
                break
            node = merkle.node_hash(self._nodes.pop(), node)
            height, rest = height + 1, rest >> 1
        self._nodes.append(node)
        return [] if self.is_lost else completed

    def root(self) -> bytes | None:
        """The current root, or None if the tree is lost."""
        if self.is_lost:
            return None
        return merkle.fold(self._nodes) if self._nodes else merkle.EMPTY_ROOT

    def adopt(self, other: "Tree") -> None:
        """Become a copy of the other tree, which a checkpoint has confirmed."""
        self.size, self.is_lost = other.size, other.is_lost
        self._nodes = other._nodes.copy()  # noqa: SLF001 - of its own kind

    def is_equal(self, other: "Tree") -> bool:
        """Whether both trees are equal and neither is lost."""
        return not self.is_lost and not other.is_lost and self._nodes == other._nodes  # noqa: SLF001


def _altered_tile(index: int, expected: bytes, found: bytes, evidence: list[str]) -> Finding:
    position = index % tiles.WIDTH
    return Finding(
        Code.TILE_ALTERED,
        f"hash {position} of the tile is not that of entry {index} as it was logged",
        index=index,
        path=_path(0, index),
        expected=expected.hex(),
        found=found.hex(),
        evidence=tuple(evidence),
    )


def _path(level: int, index: int) -> str:
    """The path of the full tile that has an entry's hash, or of the bundle that has its bytes."""
    return tiles.path(level, index // tiles.WIDTH)
