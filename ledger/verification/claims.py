"""Who says what about an entry's hash, and whom to believe.

A bundle states the hash of entry i three times: by its bytes, by its place in a level-0 tile, and by the `prev` of
entry i+1. Where the three differ, something was altered, and which one it was is not a matter of taste: the tree that
follows from the true hashes has the root that the log signed. So two trees are grown side by side, one that believes
the chain and one that believes the tiles, and each signed checkpoint decides between them.
"""

from dataclasses import dataclass

from ledger.format import merkle, tiles
from ledger.verification.report import Code, Finding


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with an entry as it stands, whoever wrote it so."""

    code: Code
    detail: str


@dataclass(frozen=True, slots=True)
class Record:
    """What the bundle says at one index; None where it says nothing that can be read."""

    index: int
    stored: bytes | None
    tile: bytes | None
    prev: bytes | None
    flaw: Flaw | None


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of one entry's hash: its bytes', its tile's, and its successor's where that one can be believed."""

    index: int
    stored: bytes | None
    tile: bytes | None
    said: bytes | None
    flaw: Flaw | None

    @classmethod
    def of(cls, record: Record, following: Record | None, second: Record | None) -> "Accounts":
        """Put together the accounts of `record`, of which the next two records are known.

        A successor whose own hash is disputed is no witness: it was perhaps its `prev` that was altered.
        """
        said = following.prev if following else None
        if said is not None and following is not None and said != record.stored:
            other = second.prev if second and second.prev is not None else following.tile
            if other not in (None, following.stored):
                said = None
        return cls(record.index, record.stored, record.tile, said, record.flaw)

    @property
    def by_chain(self) -> bytes | None:
        """The hash for who believes the chain first."""
        return self.said or self.stored or self.tile

    @property
    def by_tile(self) -> bytes | None:
        """The hash for who believes the tiles first."""
        return self.tile or self.stored or self.said

    @property
    def is_disputed(self) -> bool:
        """Whether two accounts differ."""
        return len({self.stored, self.tile, self.said} - {None}) > 1

    def judge(self, truth: bytes | None, size: int | None) -> Finding | None:
        """The finding on a dispute. `truth` is the hash that the checkpoint of `size` proves, None where none does."""
        if self.stored is None:
            return self._judge_without_entry(truth, size)
        evidence = [f"checkpoint {size}"] if truth is not None else []
        if truth is None:
            if self.stored == self.tile:
                return self._broken_either_way(self.stored)
            truth = self.said or self.tile or self.stored
        if self.stored != truth:
            if self.said == truth:
                evidence.append(f"prev of entry {self.index + 1}")
            if self.tile == truth:
                evidence.append("tile")
            note = f"; {self.flaw.detail}" if self.flaw else ""
            return Finding(
                Code.ENTRY_ALTERED,
                f"entry {self.index} is not the one that was logged{note}",
                index=self.index,
                path=_place(tiles.ENTRIES, self.index),
                expected=truth.hex(),
                found=self.stored.hex(),
                evidence=tuple(evidence),
            )
        evidence.append("entry")
        if self.tile not in (None, truth):
            if self.said == truth:
                evidence.append(f"prev of entry {self.index + 1}")
            return _altered_tile(self.index, truth, self.tile or b"", evidence)
        return self._breaks_chain(truth, evidence)

    def _judge_without_entry(self, truth: bytes | None, size: int | None) -> Finding | None:
        """The finding where the entry is pruned, or missing, which has been said then; its tile and successor may differ."""
        if truth is None or self.tile is None or self.said is None:
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
            path=_place(tiles.ENTRIES, self.index + 1),
            expected=truth.hex(),
            found=(self.said or b"").hex(),
            evidence=tuple(evidence),
        )

    def _broken_either_way(self, stored: bytes) -> Finding:
        return Finding(
            Code.CHAIN_BROKEN,
            f"entry {self.index} and its tile do not agree with the prev of entry {self.index + 1}, "
            "and no checkpoint decides between them",
            index=self.index,
            until=self.index + 2,
            path=_place(tiles.ENTRIES, self.index),
            expected=(self.said or b"").hex(),
            found=stored.hex(),
        )


class Tree:
    """The tree over one account of the hashes."""

    def __init__(self) -> None:
        self.size = 0
        self.is_lost = False
        self._nodes: list[bytes] = []

    def append(self, node: bytes | None, *, height: int = 0) -> list[tuple[int, int, bytes]]:
        """Add a leaf, or at once the root over 2^height of them; the size must then be a multiple of as many.

        Returns the roots of the tiles that it completes, as (their level, their index, root). Without a hash the tree is
        lost: no root of it can be known any more.
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
        """The root of the tree as it is now; None where it cannot be known."""
        if self.is_lost:
            return None
        return merkle.fold(self._nodes) if self._nodes else merkle.EMPTY_ROOT

    def adopt(self, other: "Tree") -> None:
        """Become the tree that another account has grown, since a checkpoint proved that one right."""
        self.size, self.is_lost = other.size, other.is_lost
        self._nodes = other._nodes.copy()  # noqa: SLF001 - of its own kind

    def is_as(self, other: "Tree") -> bool:
        """Whether both are one tree, and known."""
        return not self.is_lost and not other.is_lost and self._nodes == other._nodes  # noqa: SLF001


def _altered_tile(index: int, expected: bytes, found: bytes, evidence: list[str]) -> Finding:
    position = index % tiles.WIDTH
    return Finding(
        Code.TILE_ALTERED,
        f"hash {position} of the tile is not that of entry {index} as it was logged",
        index=index,
        path=_place(0, index),
        expected=expected.hex(),
        found=found.hex(),
        evidence=tuple(evidence),
    )


def _place(level: int, index: int) -> str:
    """The tile that an entry's hash or bytes lie in, without the width that it has on the right edge."""
    return tiles.path(level, index // tiles.WIDTH)
