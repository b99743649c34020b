"""The mirror: copies a running exchange's ledger into a directory, to be verified without the exchange.

The server is not trusted. Tiles are fetched from the root downwards and entries last, and each is checked against what is
already proven before it is written: everything in the directory is under a signed checkpoint. So an interrupted export can
be resumed (a full tile never changes), and a second export tests the log: a checkpoint that does not continue the one in
the directory is refused. The checkpoint is written last.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.bundle.files import (
    CHECKPOINT,
    CHECKPOINTS,
    MAX_BUNDLE,
    MAX_ROTATIONS,
    MINIMUM_INDEX,
    POLICY,
    ROTATIONS,
    TIMESTAMP,
    TIMESTAMPS,
    VKEY,
    Bundle,
)
from ledger.bundle.http import Fetcher, FetchFailed
from ledger.bundle.remote import MAX_PAGE, PAGE, parse_rotations, parse_timestamps
from ledger.format import checkpoint, merkle, note, tiles, trust_policy
from ledger.format.rotation import History
from ledger.format.trust_policy import MalformedPolicy, TrustPolicy
from ledger.verification.report import Report
from ledger.verification.verify import verify

ExportFailed = FetchFailed
"""The server could not be reached, or its answer is an error or malformed."""


class ExportRefused(Exception):
    """The server's answer contradicts the log's signature or the directory; nothing of it was written."""


@dataclass(frozen=True, slots=True)
class Export:
    """A finished export: the newest checkpoint, how many files were fetched, and the verification."""

    checkpoint: checkpoint.Checkpoint
    fetched: int
    report: Report


def export(
    url: str,
    directory: Path,
    *,
    verifier: note.Verifier | None = None,
    trust: TrustPolicy | None = None,
    minimum: int = 0,
) -> Export:
    """Mirror the ledger at `url` (below which the server has `/ledger/checkpoint`) into a directory, and verify it.

    `verifier` is the log's key as the auditor has it; without it, the key of the server at the first export is stored, and
    must not change. `trust` is the auditor's own policy for the verification. Entries that the server has pruned are left
    out, and are findings of the verification unless they are below `minimum`. Raises ExportFailed or ExportRefused, and
    files.Unreadable for an unusable directory.
    """
    bundle = Bundle(directory)
    with Fetcher(url) as fetcher:
        mirror = _Mirror(fetcher, bundle)
        newest = mirror.run(verifier)
    report = verify(directory, verifier=verifier, trust=trust, minimum=minimum)
    return Export(newest, mirror.fetched, report)


class _Mirror:
    """One export: from a server into a bundle."""

    def __init__(self, fetcher: Fetcher, bundle: Bundle) -> None:
        self.fetched = 0
        self._fetcher, self._bundle = fetcher, bundle

    def run(self, verifier: note.Verifier | None) -> checkpoint.Checkpoint:
        key, announcements = self._find_key(verifier)
        policy = self._fetch_policy(key)
        signed = self._fetcher.get(CHECKPOINT)
        newest = _open(signed, key, "the server's checkpoint")
        own = None
        if self._bundle.has(CHECKPOINT):
            own = _open(self._bundle.read(CHECKPOINT), key, "the directory's checkpoint")
            self._check_continues(own, newest)
        edge = self._fetch_edge(newest)
        if announcements:
            self._bundle.write(ROTATIONS, json.dumps(announcements, ensure_ascii=False, indent=1).encode())
        self._bundle.write(VKEY, f"{key.newest.vkey}\n".encode())
        self._bundle.write(POLICY, policy)
        for tile, data in edge.items():
            self._bundle.write(tile.path, data, sync_name=False)
        for level in range(max((tile.level for tile in edge), default=0) - 1, -1, -1):
            self._fetch_level(level, newest.size)
        self._fetch_entries(newest.size, self._write_minimum(newest.size))
        self._bundle.sync()
        self._fetch_checkpoints(key, newest.size)
        self._bundle.write(f"{CHECKPOINTS}/{newest.size}", signed)
        self._fetch_timestamps(newest.size)
        self._bundle.write(CHECKPOINT, signed)
        if own is not None:
            self._remove_outgrown(own.size, newest.size)
        return newest

    def _find_key(self, verifier: note.Verifier | None) -> tuple[History, list[str]]:
        """The log's keys and the announcements that lead to the present one, which must follow from any known key."""
        try:
            stated = note.Verifier.parse(self._fetcher.get(VKEY).decode().removesuffix("\n"))
            announcements = self._read_rotations()
            history = History.from_announcements(announcements) if announcements else History.of(stated)
        except ValueError as error:
            raise ExportFailed(f"the server's key cannot be read: {error}") from None
        if history.newest != stated:
            raise ExportRefused("the server's rotations do not lead to its key")
        own = self._bundle.verifier() if self._bundle.has(VKEY) else None
        for other, whose in ((verifier, "that was given"), (own, "in the directory")):
            if other is not None and not history.has(other):
                raise ExportRefused(
                    f"the server's key {stated.vkey} is not the one {whose}, {other.vkey}, and no rotation leads from it to that "
                    "key; get the right one from the exchange's operator or from another auditor"
                )
        return history, announcements

    def _read_rotations(self) -> list[str]:
        body = self._fetcher.find(ROTATIONS, limit=MAX_ROTATIONS)
        return [] if body is None else parse_rotations(body)

    def _fetch_policy(self, key: History) -> bytes:
        """The server's policy; one without witnesses if the server has none."""
        body = self._fetcher.find(POLICY)
        if body is None:
            return TrustPolicy.for_log(key.newest).text().encode()
        try:
            logs = [log.key for log in trust_policy.parse(body).logs]
        except MalformedPolicy as error:
            raise ExportFailed(f"the server's policy cannot be read: {error}") from None
        if not any(log_key in logs for _, log_key in key.keys):
            raise ExportRefused("the server's policy does not name the log's key")
        return body

    def _check_continues(self, own: checkpoint.Checkpoint, newest: checkpoint.Checkpoint) -> None:
        """Check that the server's tree extends the directory's, before any of it is written."""
        if newest.size < own.size:
            raise ExportRefused(f"the log has shrunk: the directory has {own.size} entries, the server {newest.size}")
        if own.size == 0:
            return
        try:
            merkle.verify_consistency(
                old_size=own.size,
                new_size=newest.size,
                old_root=own.root,
                new_root=newest.root,
                proof=tiles.consistency_proof(self._read_tile, own.size, newest.size),
            )
        except (merkle.ProofError, tiles.TileError) as error:
            raise ExportRefused(
                f"the server's log of {newest.size} entries does not continue the directory's of {own.size}: {error}"
            ) from None

    def _fetch_edge(self, newest: checkpoint.Checkpoint) -> dict[tiles.Tile, bytes]:
        """The tiles on the right edge. They alone determine the root, so they are right if the root is."""
        edge = {tile: self._read_tile(tile.level, tile.index, tile.width) for tile in tiles.tiles_for_root(newest.size)}
        by_name = {(tile.level, tile.index): data for tile, data in edge.items()}
        if tiles.root_from_tiles(lambda level, index, _: by_name[level, index], newest.size) != newest.root:
            raise ExportRefused("the server's tiles do not have the root that the log signed")
        return edge

    def _fetch_level(self, level: int, size: int) -> None:
        """Fetch the full tiles of a level; check each against its hash in the level above, which the bundle has."""
        for index in range(size >> tiles.HEIGHT * (level + 1)):
            tile = tiles.Tile(level, index, tiles.WIDTH)
            if self._bundle.has(tile.path):
                continue
            data = self._fetch(tile)
            above, position = divmod(index, tiles.WIDTH)
            parent = tiles.Tile(level + 1, above, tiles.width(level + 1, above, size))
            if tiles.subtree(data) != tiles.hashes(self._bundle.tile(parent))[position]:
                raise ExportRefused(f"{tile.path} does not have the root that {parent.path} has for it")
            self._bundle.write(tile.path, data, sync_name=False)

    def _write_minimum(self, size: int) -> int:
        """The index below which entries are pruned on the server or here; written to the bundle if entries are missing."""
        stated = self._fetcher.find(MINIMUM_INDEX)
        try:
            minimum = checkpoint.parse_number(stated.decode().removesuffix("\n")) if stated else 0
        except ValueError:
            raise ExportFailed("the server's minimum index cannot be read") from None
        if minimum > size:
            raise ExportFailed(f"the server's minimum index is {minimum}, beyond its checkpoint of {size}")
        # The bundle keeps entries that the server has pruned since.
        here = max(minimum, self._bundle.minimum_index())
        if not all(self._bundle.has(tiles.entries_path(index)) for index in range(here // tiles.WIDTH)):
            self._bundle.write(MINIMUM_INDEX, f"{here}\n".encode())
        return here

    def _fetch_entries(self, size: int, minimum: int) -> None:
        """Fetch the bundles of entries that are not pruned; check each against its tile, which the bundle has."""
        for index in range(minimum // tiles.WIDTH, -(-size // tiles.WIDTH)):
            tile = tiles.Tile(tiles.ENTRIES, index, tiles.width(tiles.ENTRIES, index, size))
            if self._bundle.has(tile.path):
                continue
            entries = tiles.split(self._fetch(tile))[0][: tile.width]
            hashes = tiles.hashes(self._bundle.read_tile(0, index, tile.width))
            _check_entries(entries, hashes, index * tiles.WIDTH)
            self._bundle.write(tile.path, tiles.pack(entries), sync_name=False)

    def _fetch_checkpoints(self, key: History, size: int) -> None:
        """Fetch the past checkpoints that the bundle lacks, ascending, so that an interruption leaves no gap."""
        after = max(self._bundle.checkpoint_sizes(), default=0)
        while page := self._read_page(after):
            for signed in page:
                opened = _open(signed, key, f"a checkpoint after size {after}")
                if opened.size <= after:
                    raise ExportFailed(f"the server's checkpoints after {after} are not in order")
                if opened.size > size:
                    return
                self._bundle.write(f"{CHECKPOINTS}/{opened.size}", signed.encode())
                after = opened.size

    def _fetch_timestamps(self, size: int) -> None:
        """Fetch the timestamps that the bundle lacks, unchecked: only the auditor knows the authority."""
        after = max(self._bundle.checkpoint_sizes(are_timestamps=True), default=0)
        while page := self._read_stamped(after):
            for stamped in page:
                if stamped > size:
                    return
                path = f"{CHECKPOINTS}/{stamped}{TIMESTAMP}"
                self._bundle.write(path, self._fetcher.get(path))
                self.fetched += 1
                after = stamped

    def _read_stamped(self, after: int) -> list[int]:
        body = self._fetcher.find(f"{TIMESTAMPS}?after={after}&limit={PAGE}", limit=MAX_PAGE)
        try:
            return [] if body is None else parse_timestamps(body, after)  # some servers do not support timestamps
        except ValueError as error:
            raise ExportFailed(str(error)) from None

    def _read_page(self, after: int) -> list[str]:
        body = self._fetcher.get(f"checkpoints?after={after}&limit={PAGE}", limit=MAX_PAGE)
        try:
            return [str(item["note"]) for item in json.loads(body)["checkpoints"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ExportFailed("the server's list of checkpoints cannot be read") from None

    def _read_tile(self, level: int, index: int, width: int) -> bytes:
        """A tile of hashes: the bundle's own if that is full, otherwise the server's."""
        tile = tiles.Tile(level, index, width)
        return self._bundle.tile(tile) if self._bundle.has(tiles.path(level, index)) else self._fetch(tile)

    def _fetch(self, tile: tiles.Tile) -> bytes:
        data = self._find(tile)
        self.fetched += 1
        if tile.level == tiles.ENTRIES:
            return data
        if len(data) < tile.width * merkle.HASH_SIZE:
            raise ExportFailed(f"{tile.path}: only {len(data)} bytes")
        return data[: tile.width * merkle.HASH_SIZE]

    def _find(self, tile: tiles.Tile) -> bytes:
        """Fetch a tile or bundle of entries, or the full one that has replaced a partial one."""
        limit = MAX_BUNDLE if tile.level == tiles.ENTRIES else tiles.WIDTH * merkle.HASH_SIZE
        body = self._fetcher.find(tile.path, limit=limit)
        if body is None and tile.width < tiles.WIDTH:
            body = self._fetcher.find(tiles.path(tile.level, tile.index), limit=limit)
        if body is None:
            raise ExportFailed(f"{self._fetcher.prefix}{tile.path}: not found")
        return body

    def _remove_outgrown(self, old: int, new: int) -> None:
        """Remove the partial tiles of an earlier size that larger tiles have replaced."""
        current = set(_partial(new))
        for tile in _partial(old):
            if tile not in current:
                self._bundle.remove(tile.path)


def _open(signed: str | bytes, key: History, which: str) -> checkpoint.Checkpoint:
    try:
        return key.open(signed)
    except ValueError as error:
        raise ExportRefused(f"{which} cannot be trusted: {error}") from None


def _check_entries(entries: Sequence[bytes], hashes: Sequence[bytes], start: int) -> None:
    """Check entries from index `start` on against the hashes that the log signed."""
    for index, (entry, expected) in enumerate(zip(entries, hashes, strict=False), start):
        actual = merkle.leaf_hash(entry)
        if actual != expected:
            raise ExportRefused(
                f"the server's entry {index} is not the one that was logged: "
                f"its hash is {actual.hex()}, the log signed {expected.hex()}"
            )
    if len(entries) < len(hashes):
        raise ExportRefused(f"the server does not have entry {start + len(entries)}, which the log signed")


def _partial(size: int) -> list[tiles.Tile]:
    index, rest = divmod(size, tiles.WIDTH)
    entries = [tiles.Tile(tiles.ENTRIES, index, rest)] if rest else []
    return [*tiles.tiles_for_root(size), *entries]
