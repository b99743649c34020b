"""A small ledger of our own making, as bytes in a dictionary: what a server would serve and an export would hold."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.format import canonical, checkpoint, entry, merkle, note, tiles

ORIGIN = "exchange.example/ledger/1"
SEED = bytes(range(32))


@dataclass
class Log:
    """A ledger with all its tiles; `files` are those of a bundle, for its newest checkpoint and all earlier ones."""

    signer: note.Signer
    leaves: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    full: dict[tuple[int, int], bytes] = field(default_factory=dict)
    checkpoints: dict[int, str] = field(default_factory=dict)

    @classmethod
    def signed_at(cls, *sizes: int, seed: bytes = SEED, origin: str = ORIGIN) -> "Log":
        """A log with a checkpoint at each of the sizes."""
        log = cls(note.Signer(origin, seed))
        for size in sorted(sizes):
            log.append(size - log.size)
            log.sign()
        return log

    @classmethod
    def of(cls, leaves: Sequence[bytes]) -> "Log":
        """A log of entries that another one has, with a checkpoint over all of them."""
        log = cls(note.Signer(ORIGIN, SEED), list(leaves), [merkle.leaf_hash(leaf) for leaf in leaves])
        log.full |= tiles.extend(0, {}, log.hashes)
        log.sign()
        return log

    @property
    def size(self) -> int:
        return len(self.leaves)

    @property
    def newest(self) -> str:
        return self.checkpoints[max(self.checkpoints)]

    def append(self, count: int, **extra: Any) -> None:
        seqs = range(self.size, self.size + count)
        types = ("key.registered", "delivery.completed")
        self.append_bodies([canonical.dumps({"type": types[seq % 2], "n": seq, **extra}) for seq in seqs])

    def append_bodies(self, bodies: Sequence[bytes]) -> None:
        """Append entries with these bodies."""
        edge = {(tile.level, tile.index): self.full[tile.level, tile.index] for tile in tiles.tiles_for_root(self.size)}
        start = self.size
        for seq, body in enumerate(bodies, start):
            prev = self.hashes[-1] if self.hashes else entry.GENESIS
            self.leaves.append(entry.splice(body=body, prev=prev, seq=seq))
            self.hashes.append(merkle.leaf_hash(self.leaves[-1]))
        self.full |= tiles.extend(start, edge, self.hashes[start:])

    def sign(self) -> str:
        signed = checkpoint.sign(
            checkpoint.Checkpoint(self.signer.name, self.size, merkle.root(self.hashes)), self.signer
        )
        self.checkpoints[self.size] = signed
        return signed

    def read(self, level: int, index: int, width: int) -> bytes:
        return self.full[level, index][: width * 32]

    def files(self) -> dict[str, bytes]:
        size = max(self.checkpoints)
        files = {
            "checkpoint": self.newest.encode(),
            "vkey": f"{self.signer.vkey}\n".encode(),
            "policy": f"log {self.signer.vkey}\nquorum none\n".encode(),
        }
        files |= {f"checkpoints/{size}": signed.encode() for size, signed in self.checkpoints.items()}
        for level, index in self.full:
            width = tiles.width(level, index, size)
            if width:
                files[tiles.path(level, index, width)] = self.read(level, index, width)
        for start in range(0, size, 256):
            end = min(size, start + 256)
            files[tiles.entries_path(start // 256, end - start)] = tiles.pack(self.leaves[start:end])
        return files

    def write(self, directory: Path) -> Path:
        shutil.rmtree(directory, ignore_errors=True)
        for path, data in self.files().items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data)
        return directory


class OneKey:
    """The one key of a log that was never rotated (publication.Signers)."""

    def __init__(self, signer: note.Signer) -> None:
        self.first = signer.verifier
        self._signer = signer

    def signer(self, key: note.Verifier) -> note.Signer:
        """The signer of a key."""
        assert key == self.first
        return self._signer
