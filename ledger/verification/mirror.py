"""Mirroring a running exchange's ledger into a directory, so that it can be verified without the exchange.

The server is not trusted. Tiles are fetched from the root downwards and entries last, and each is checked against what
is already proven before it is written: whatever lies in the directory was under a signed checkpoint. That makes an
export resumable (a full tile never changes) and makes a second one a test of the log: a checkpoint that does not
continue the one already in the directory is refused. The checkpoint is written last.
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
"""The server could not be reached, or did not give what it was asked for."""


class ExportRefused(Exception):
    """What the server gave contradicts the log's signature, or what the directory holds; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Export:
    """An export that came to its end: the newest checkpoint, how many files were fetched, and the verification."""

    checkpoint: checkpoint.Checkpoint
    fetched: int
    report: Report


def export(
    url: str,
    directory: Path,
    *,
    verifier: note.Verifier | None = None,
    policy: TrustPolicy | None = None,
    minimum: int = 0,
) -> Export:
    """Mirror the ledger at `url` (below which `/ledger/checkpoint` is served) into a directory, and verify all of it.

    `verifier` is the log's key as the auditor has it; otherwise the key that the server states at the first export is
    kept, and must not change. `policy` is the auditor's own, to which the result is held. Entries that the server has
    pruned are left out, and missed by the verification unless they are below `minimum`. Raises ExportFailed or
    ExportRefused, and bundle.Unreadable for an unusable directory.
    """
    bundle = Bundle(directory)
    with Fetcher(url) as fetcher:
        mirror = _Mirror(fetcher, bundle)
        newest = mirror.run(verifier)
    done = verify(directory, verifier=verifier, policy=policy, minimum=minimum)
    return Export(newest, mirror.fetched, done)


class _Mirror:
    """One export: from a server into a bundle."""

    def __init__(self, fetcher: Fetcher, bundle: Bundle) -> None:
        self.fetched = 0
        self._fetcher, self._bundle = fetcher, bundle

    def run(self, given: note.Verifier | None) -> checkpoint.Checkpoint:
        key, statements = self._settle_key(given)
        trusted = self._fetch_policy(key)
        signed = self._fetcher.get(CHECKPOINT)
        newest = _open(signed, key, "the server's checkpoint")
        own = None
        if self._bundle.has(CHECKPOINT):
            own = _open(self._bundle.read(CHECKPOINT), key, "the directory's checkpoint")
            self._check_continues(own, newest)
        edge = self._fetch_edge(newest)
        if statements:
            self._bundle.write(ROTATIONS, json.dumps(statements, ensure_ascii=False, indent=1).encode())
        self._bundle.write(VKEY, f"{key.newest.vkey}\n".encode())
        self._bundle.write(POLICY, trusted)
        for tile, data in edge.items():
            self._bundle.write(tile.path, data, sync_name=False)
        for level in range(max((tile.level for tile in edge), default=0) - 1, -1, -1):
            self._fetch_level(level, newest.size)
        self._fetch_entries(newest.size, self._settle_minimum(newest.size))
        self._bundle.sync()
        self._fetch_checkpoints(key, newest.size)
        self._bundle.write(f"{CHECKPOINTS}/{newest.size}", signed)
        self._fetch_timestamps(newest.size)
        self._bundle.write(CHECKPOINT, signed)
        if own is not None:
            self._remove_outgrown(own.size, newest.size)
        return newest

    def _settle_key(self, given: note.Verifier | None) -> tuple[History, list[str]]:
        """The log's keys and the statements that lead to the one of today, which has to follow from any known before."""
        try:
            stated = note.Verifier.parse(self._fetcher.get(VKEY).decode().removesuffix("\n"))
            statements = self._read_statements()
            history = History.from_announcements(statements) if statements else History.of(stated)
        except ValueError as error:
            raise ExportFailed(f"the server's key cannot be read: {error}") from None
        if history.newest != stated:
            raise ExportRefused("the server's rotations do not lead to its key")
        kept = self._bundle.verifier() if self._bundle.has(VKEY) else None
        for other, whose in ((given, "that was given"), (kept, "in the directory")):
            if other is not None and not history.has(other):
                raise ExportRefused(f"the server's key {stated.vkey} is not the one {whose}")
        return history, statements

    def _read_statements(self) -> list[str]:
        body = self._fetcher.find(ROTATIONS, limit=MAX_ROTATIONS)
        return [] if body is None else parse_rotations(body)

    def _fetch_policy(self, key: History) -> bytes:
        """The server's policy as it is; one without witnesses where it has none."""
        found = self._fetcher.find(POLICY)
        if found is None:
            return TrustPolicy.for_log(key.newest).text().encode()
        try:
            logs = [log.key for log in trust_policy.parse(found).logs]
        except MalformedPolicy as error:
            raise ExportFailed(f"the server's policy cannot be read: {error}") from None
        if not any(one in logs for _, one in key.keys):
            raise ExportRefused("the server's policy does not name the log's key")
        return found

    def _check_continues(self, own: checkpoint.Checkpoint, newest: checkpoint.Checkpoint) -> None:
        """Check that the server's tree extends the directory's, before anything of it is written."""
        if newest.size < own.size:
            raise ExportRefused(
                f"the log has shrunk: the directory has it with {own.size} entries, the server with {newest.size}"
            )
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
        """The tiles on the right edge: they alone determine the root, so they are right if it is."""
        edge = {tile: self._read_tile(tile.level, tile.index, tile.width) for tile in tiles.tiles_for_root(newest.size)}
        by_place = {(tile.level, tile.index): data for tile, data in edge.items()}
        if tiles.root_from_tiles(lambda level, index, _: by_place[level, index], newest.size) != newest.root:
            raise ExportRefused("the server's tiles do not have the root that the log signed")
        return edge

    def _fetch_level(self, level: int, size: int) -> None:
        """The full tiles of a level, each against its hash in the level above, which the bundle has."""
        for index in range(size >> tiles.HEIGHT * (level + 1)):
            tile = tiles.Tile(level, index, tiles.WIDTH)
            if self._bundle.has(tile.path):
                continue
            data = self._fetch(tile)
            above, position = divmod(index, tiles.WIDTH)
            parent = tiles.Tile(level + 1, above, tiles.width(level + 1, above, size))
            if tiles.subtree(data) != tiles.hashes(self._bundle.tile(parent))[position]:
                raise ExportRefused(f"{tile.path} is not the tile that {parent.path} has the root of")
            self._bundle.write(tile.path, data, sync_name=False)

    def _settle_minimum(self, size: int) -> int:
        """The index below which the server has pruned entries, which is stated in the bundle too."""
        stated = self._fetcher.find(MINIMUM_INDEX)
        try:
            minimum = checkpoint.parse_number(stated.decode().removesuffix("\n")) if stated else 0
        except ValueError:
            raise ExportFailed("the server's minimum index cannot be read") from None
        if minimum > size:
            raise ExportFailed(f"the server's minimum index is {minimum}, beyond its checkpoint of {size}")
        # What the bundle still has, it keeps; it states what it is without.
        here = max(minimum, self._bundle.minimum_index())
        if not all(self._bundle.has(tiles.entries_path(index)) for index in range(here // tiles.WIDTH)):
            self._bundle.write(MINIMUM_INDEX, f"{here}\n".encode())
        return here

    def _fetch_entries(self, size: int, minimum: int) -> None:
        """The bundles of entries that are not pruned, each against its tile of leaf hashes, which the bundle has."""
        for index in range(minimum // tiles.WIDTH, -(-size // tiles.WIDTH)):
            tile = tiles.Tile(tiles.ENTRIES, index, tiles.width(tiles.ENTRIES, index, size))
            if self._bundle.has(tile.path):
                continue
            entries = tiles.split(self._fetch(tile))[0][: tile.width]
            hashes = tiles.hashes(self._bundle.read_tile(0, index, tile.width))
            _check_entries(entries, hashes, index * tiles.WIDTH)
            self._bundle.write(tile.path, tiles.pack(entries), sync_name=False)

    def _fetch_checkpoints(self, key: History, size: int) -> None:
        """The past checkpoints that the bundle does not have, ascending, so that an interruption leaves no gap."""
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
        """The timestamps that the bundle does not have. They are not checked here: whose they are, the auditor knows."""
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
            return [] if body is None else parse_timestamps(body, after)  # some servers know no timestamps
        except ValueError as error:
            raise ExportFailed(str(error)) from None

    def _read_page(self, after: int) -> list[str]:
        body = self._fetcher.get(f"checkpoints?after={after}&limit={PAGE}", limit=MAX_PAGE)
        try:
            return [str(item["note"]) for item in json.loads(body)["checkpoints"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ExportFailed("the server's list of checkpoints cannot be read") from None

    def _read_tile(self, level: int, index: int, width: int) -> bytes:
        """A tile of hashes, the bundle's own where it has it in full."""
        tile = tiles.Tile(level, index, width)
        return self._bundle.tile(tile) if self._bundle.has(tiles.path(level, index)) else self._fetch(tile)

    def _fetch(self, tile: tiles.Tile) -> bytes:
        data = self._find(tile)
        self.fetched += 1
        if tile.level == tiles.ENTRIES:
            return data
        if len(data) < tile.width * merkle.HASH_SIZE:
            raise ExportFailed(f"{tile.path}: {len(data)} bytes are too few")
        return data[: tile.width * merkle.HASH_SIZE]

    def _find(self, tile: tiles.Tile) -> bytes:
        """A tile or bundle of entries; the full one where the partial has given way to it."""
        limit = MAX_BUNDLE if tile.level == tiles.ENTRIES else tiles.WIDTH * merkle.HASH_SIZE
        found = self._fetcher.find(tile.path, limit=limit)
        if found is None and tile.width < tiles.WIDTH:
            found = self._fetcher.find(tiles.path(tile.level, tile.index), limit=limit)
        if found is None:
            raise ExportFailed(f"{self._fetcher.prefix}{tile.path}: not found")
        return found

    def _remove_outgrown(self, old: int, new: int) -> None:
        """Remove the partial tiles of an earlier size that larger ones have taken the place of."""
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
    """Check entries, the first of which is number `start`, against the hashes that the log signed for them."""
    for index, (entry, expected) in enumerate(zip(entries, hashes, strict=False), start):
        found = merkle.leaf_hash(entry)
        if found != expected:
            raise ExportRefused(
                f"the server's entry {index} is not the one that was logged: "
                f"it hashes to {found.hex()}, the log signed {expected.hex()}"
            )
    if len(entries) < len(hashes):
        raise ExportRefused(f"the server does not give entry {start + len(entries)}, which the log signed")


def _partial(size: int) -> list[tiles.Tile]:
    index, rest = divmod(size, tiles.WIDTH)
    entries = [tiles.Tile(tiles.ENTRIES, index, rest)] if rest else []
    return [*tiles.tiles_for_root(size), *entries]
