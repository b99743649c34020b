"""The files of a ledger: what `ledger export` writes into a directory, and what is read without a server.

    checkpoint             the newest checkpoint
    checkpoints/<size>     every checkpoint, the newest too
    checkpoints/<size>.tsr its timestamp, if it has one
    vkey                   the log's present verifier key
    rotations              the announcements that led to it, if the key was rotated: a JSON list
    policy                 which keys to trust, as a C2SP tlog-policy
    minimum-index          the index below which entries are pruned (decimal); 0 if missing
    tile/...               tiles and bundles of entries, with the names of C2SP tlog-tiles

A directory from somebody else may have anything in it, so it is not trusted: reading follows no links, opens plain files
only, and limits their size.
"""

import os
import re
import secrets
import stat
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from groundwork import durable
from ledger.format import note, tiles
from ledger.format.rotation import History, RotationInvalid, parse_announcements

CHECKPOINT = "checkpoint"
CHECKPOINTS = "checkpoints"
MINIMUM_INDEX = "minimum-index"
POLICY = "policy"
TIMESTAMP = ".tsr"
TIMESTAMPS = "timestamps"
"""The path at which a server lists the sizes that have a timestamp."""

VKEY = "vkey"
ROTATIONS = "rotations"

MAX_TEXT = 256 * 1024
"""The largest text in bytes: a checkpoint with the ML-DSA-44 cosignatures of as many witnesses as a note may have lines."""

MAX_ROTATIONS = 1 << 20
MAX_BUNDLE = tiles.WIDTH * (2 + tiles.MAX_LENGTH)
_FULL_TILE = tiles.WIDTH * 32
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class Unreadable(Exception):
    """A file of the bundle cannot be used: its `path` below the bundle's directory, and the `reason`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class Missing(Unreadable):
    """The bundle does not have a file."""


class Files(ABC):
    """The files of a ledger, in a directory or behind a URL (`ledger.bundle.remote`)."""

    @abstractmethod
    def has(self, path: str) -> bool:
        """Whether there is known to be something at a path, readable or not."""

    @abstractmethod
    def read(self, path: str, *, limit: int = MAX_TEXT) -> bytes:
        """The bytes of a file of at most `limit` bytes. Raises Missing, or Unreadable."""

    @abstractmethod
    def checkpoint_sizes(self, *, are_timestamps: bool = False) -> list[int]:
        """The sizes that have a checkpoint, or that have a timestamp, ascending. Raises Unreadable."""

    def text(self, path: str) -> str:
        """The text of a file. Raises Missing or Unreadable."""
        try:
            return self.read(path).decode()
        except UnicodeDecodeError:
            raise Unreadable(path, "not UTF-8") from None

    def verifier(self) -> note.Verifier:
        """The bundle's own verifier key. Raises Missing or Unreadable."""
        try:
            return note.Verifier.parse(self.text(VKEY).removesuffix("\n"))
        except note.BadNote as error:
            raise Unreadable(VKEY, str(error)) from None

    def rotations(self) -> list[str]:
        """The announcements of the key's rotations, in order. Raises Unreadable."""
        try:
            return parse_announcements(self.read(ROTATIONS, limit=MAX_ROTATIONS))
        except Missing:
            return []
        except RotationInvalid as error:
            raise Unreadable(ROTATIONS, str(error)) from None

    def history(self) -> History:
        """The bundle's own keys. Raises Missing or Unreadable."""
        newest, announcements = self.verifier(), self.rotations()
        try:
            history = History.from_announcements(announcements) if announcements else History.of(newest)
        except RotationInvalid as error:
            raise Unreadable(ROTATIONS, str(error)) from None
        if history.newest != newest:
            raise Unreadable(ROTATIONS, "the rotations do not lead to the bundle's key")
        return history

    def minimum_index(self) -> int:
        """The bundle's own minimum index, below which entries are pruned. Raises Unreadable."""
        try:
            text = self.text(MINIMUM_INDEX).removesuffix("\n")
        except Missing:
            return 0
        if not _SIZE.fullmatch(text):
            raise Unreadable(MINIMUM_INDEX, "not an index")
        return int(text)

    def tile(self, tile: tiles.Tile) -> bytes:
        """The `tile.width` hashes of a tile. Raises Missing, or Unreadable if the file has another length.

        A full tile may have replaced a partial one (C2SP tlog-tiles, "Partial Tiles").
        """
        expected = tile.width * 32
        path, data = self._read_grown(tile, _FULL_TILE)
        if len(data) != (expected if path == tile.path else _FULL_TILE):
            raise Unreadable(path, f"{len(data)} bytes instead of {expected}")
        return data[:expected]

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """Read a tile as `tile` does, with the signature that the functions of `ledger.format.tiles` expect."""
        return self.tile(tiles.Tile(level, index, width))

    def entries(self, index: int, width: int) -> tuple[list[bytes], str | None]:
        """The whole entries of a bundle of entries, at most `width`, and what is wrong with its file, if anything.

        Returns fewer than `width` only with a reason.
        """
        tile = tiles.Tile(tiles.ENTRIES, index, width)
        try:
            path, data = self._read_grown(tile, MAX_BUNDLE)
        except Unreadable as error:
            return [], error.reason
        entries, rest = tiles.split(data)
        if len(entries) < width:
            return entries, f"the file ends after {len(entries)} of {width} entries"
        if rest or (path == tile.path and len(entries) > width):
            return entries[:width], f"the file goes on after {width} entries"
        return entries[:width], None

    def _read_grown(self, tile: tiles.Tile, limit: int) -> tuple[str, bytes]:
        """The path and the bytes of a tile's file, or of the full tile's that replaced it."""
        try:
            return tile.path, self.read(tile.path, limit=limit)
        except Missing:
            full = tiles.path(tile.level, tile.index)
            if full != tile.path:
                with suppress(Missing):
                    return full, self.read(full, limit=limit)
            raise


class Bundle(Files):
    """A ledger in `directory`. The directory itself may be a link; nothing below it may be one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._checked: set[str] = set()
        self._unsynced: set[Path] = set()

    def has(self, path: str) -> bool:
        """Whether there is something at a path, readable or not."""
        return os.path.lexists(self.directory / path)

    def read(self, path: str, *, limit: int = MAX_TEXT) -> bytes:
        """The bytes of a file. Raises Missing, or Unreadable for what is not a plain file of at most `limit` bytes."""
        parent = path.rpartition("/")[0]
        if parent not in self._checked:
            self._check_directories(path, parent)
        try:
            status = os.lstat(self.directory / path)
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable(path, "not a plain file")
            if status.st_size > limit:
                raise Unreadable(path, f"{status.st_size} bytes; at most {limit} are possible")
            with (self.directory / path).open("rb") as file:
                return file.read(limit)
        except OSError as error:
            raise _translate(path, error) from None

    def checkpoint_sizes(self, *, are_timestamps: bool = False) -> list[int]:
        """The sizes in the names of the files in `checkpoints`, ascending. Raises Unreadable for other names."""
        if not self.has(CHECKPOINTS):
            return []
        self._check_directories(f"{CHECKPOINTS}/0", CHECKPOINTS)
        sizes = []
        for name in os.listdir(self.directory / CHECKPOINTS):  # noqa: PTH208 - names are wanted, and there may be many
            if name.startswith("."):  # an interrupted write
                continue
            stem = name.removesuffix(TIMESTAMP)
            if not _SIZE.fullmatch(stem):
                raise Unreadable(f"{CHECKPOINTS}/{name}", "the name is not the size of a tree")
            if name.endswith(TIMESTAMP) == are_timestamps:
                sizes.append(int(stem))
        return sorted(sizes)

    def write(self, path: str, data: bytes, *, sync_name: bool = True) -> None:
        """Write a file whole and durably. Raises Unreadable.

        Without `sync_name`, a power failure can undo the write until `sync` is called.
        """
        target = self.directory / path
        try:
            durable.make_directory(target.parent, mode=0o777)
            self._check_directories(path, path.rpartition("/")[0])
            durable.write(target, data, mode=0o666, sync_name=sync_name)
        except OSError as error:
            raise _translate(path, error) from None
        if not sync_name:
            self._unsynced.add(target.parent)

    def sync(self) -> None:
        """Make the files written without `sync_name` durable. Raises Unreadable."""
        try:
            while self._unsynced:
                durable.sync_directory(self._unsynced.pop())
        except OSError as error:
            raise _translate(".", error) from None

    def remove(self, path: str) -> None:
        """Remove a file, if it exists, and its directory, if it is then empty."""
        target = self.directory / path
        target.unlink(missing_ok=True)
        with suppress(OSError):
            target.parent.rmdir()

    def set_aside(self) -> None:
        """Rename the whole directory, if it exists. Raises Unreadable."""
        self._checked.clear()
        try:
            with suppress(FileNotFoundError):
                durable.move(
                    self.directory, self.directory.with_name(f"{self.directory.name}-aside-{secrets.token_hex(4)}")
                )
        except OSError as error:
            raise _translate(".", error) from None

    def _check_directories(self, path: str, parent: str) -> None:
        while parent and parent not in self._checked:
            try:
                is_directory = stat.S_ISDIR(os.lstat(self.directory / parent).st_mode)
            except OSError as error:
                raise _translate(path, error) from None
            if not is_directory:
                raise Unreadable(path, f"{parent} is not a directory")
            self._checked.add(parent)
            parent = parent.rpartition("/")[0]


def _translate(path: str, error: OSError) -> Unreadable:
    if isinstance(error, FileNotFoundError):
        return Missing(path, "missing")
    return Unreadable(path, error.strerror or "cannot be read")
