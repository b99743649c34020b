"""A large export, made in seconds: `python -m tests.support.ledgers.large_export DIRECTORY ENTRIES [CHECKPOINT EVERY]`.

The bytes are those of a real ledger, and so are tiles and checkpoints; only nobody waited for a database. Entries are
like those of deliveries in size and form. Memory stays the same whatever the number of entries.
"""

import hashlib
import sys
from pathlib import Path

from ledger.format import canonical, checkpoint, entry, merkle, note, tiles
from tests.support.ledgers.logs import ORIGIN, SEED

_CHUNK = 256 * 256


def body(seq: int) -> bytes:
    """The body of a delivery, about as the exchange writes it."""
    digest = hashlib.sha256(b"%d" % seq).hexdigest()
    return canonical.dumps(
        {
            "actor": {"key": digest[:43], "organisation": f"org_{seq % 97:04d}", "system": f"sys_{seq % 389:05d}"},
            "at": f"2026-03-{seq % 28 + 1:02d}T08:{seq % 60:02d}:00.{seq % 1_000_000:06d}Z",
            "basis": "浙江省公共数据条例",
            "decision": {"outcome": "allow", "policy": digest, "reasons": []},
            "lane": "government-sharing",
            "object": {"id": f"dlv_{digest[:26]}", "kind": "delivery"},
            "purpose": "talent-service",
            "request": {"digest": digest, "nonce": digest[:24], "signature": digest + digest[:24]},
            "result": {"bytes": seq % 9000, "columns": 3, "content": digest, "rows": seq % 100},
            "type": "delivery.completed",
        }
    )


def generate(directory: Path, size: int, *, every: int = 5_000) -> note.Signer:
    """Write an export of `size` entries with a checkpoint after each `every` of them; returns the log's key."""
    signer = note.Signer(ORIGIN, SEED)
    tree, prev = merkle.Frontier(), entry.GENESIS
    edge: dict[tuple[int, int], bytes] = {}
    for start in range(0, size, _CHUNK):
        hashes: list[bytes] = []
        stop = min(size, start + _CHUNK)
        for first in range(start, stop, tiles.WIDTH):
            leaves = []
            for seq in range(first, min(stop, first + tiles.WIDTH)):
                leaf = entry.splice(body=body(seq), prev=prev, seq=seq)
                prev = merkle.leaf_hash(leaf)
                leaves.append(leaf)
                hashes.append(prev)
                tree.append(prev)
                if tree.size % every == 0 or tree.size == size:
                    signed = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, tree.size, tree.root()), signer)
                    _write(directory / "checkpoints" / str(tree.size), signed.encode())
            _write(directory / tiles.entries_path(first // tiles.WIDTH, len(leaves)), tiles.pack(leaves))
        changed = tiles.extend(start, edge, hashes)
        edge = {
            (tile.level, tile.index): (edge | changed)[tile.level, tile.index] for tile in tiles.tiles_for_root(stop)
        }
        for (level, index), data in changed.items():
            if len(data) == tiles.WIDTH * merkle.HASH_SIZE:
                _write(directory / tiles.path(level, index), data)
    for tile in tiles.tiles_for_root(size):
        _write(directory / tile.path, edge[tile.level, tile.index])
    _write(directory / "checkpoint", signed.encode())
    _write(directory / "vkey", f"{signer.vkey}\n".encode())
    _write(directory / "policy", f"log {signer.vkey}\nquorum none\n".encode())
    return signer


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]), every=int((sys.argv[3:] or ["5000"])[0]))
