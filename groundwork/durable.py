"""Durable file writes: a file appears under its name whole, and survives a power failure once the call returns.

A rename is not durable until the directory is synced, so a write ends with a sync of the directory (fsync(2)). Every
package writes its files here; a second way to write one would have a second guarantee.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write(path: Path, data: bytes, *, mode: int = 0o600, exclusive: bool = False, sync: bool = True) -> bool:
    """Write a file whole, replacing an existing one, or keeping it where `exclusive`.

    Returns whether the file was written: False only where `exclusive` and the name was taken. `mode` holds the file's
    permission bits. Without `sync` the write is still atomic, and may be lost in a power failure. Raises OSError; an
    existing file is then unchanged.
    """
    with replacing(path, mode=mode, exclusive=exclusive, sync=sync) as file:
        file.write(data)
    return not file.is_lost


class Draft:
    """The file being written. `is_lost` says after the block that the name was taken and the content dropped."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.is_lost = False
        self._file = file

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)


@contextmanager
def replacing(path: Path, *, mode: int = 0o600, exclusive: bool = False, sync: bool = True) -> Iterator[Draft]:
    """Write a file in pieces; it gets its name at the end of the block, and none where the block raises. See `write`."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode), "wb")
    try:
        with file:
            result = Draft(draft, file)
            yield result
            file.flush()
            if sync:
                os.fsync(file.fileno())
        if exclusive:
            try:
                os.link(draft, path)
            except FileExistsError:
                result.is_lost = True
        else:
            draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    if sync:
        # Also where another process created the file: the caller relies on the name, whoever made it.
        sync_directory(path.parent)


def move(path: Path, target: Path) -> None:
    """Rename a file durably, replacing `target`. Both directories are synced. Raises OSError."""
    path.replace(target)
    sync_directory(target.parent)
    if path.parent != target.parent:
        sync_directory(path.parent)


def make_directory(path: Path, *, mode: int = 0o700) -> None:
    """Create a directory and those above it, durably; existing ones keep their permissions. Raises OSError."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        directory.mkdir(mode=mode, exist_ok=True)
        sync_directory(directory.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable. Raises OSError. Windows has no call for it."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_drafts(path: Path) -> None:
    """Remove unfinished writes of a file that killed processes left. Only safe while nobody else writes the file."""
    for draft in path.parent.glob(f".{path.name}.*"):
        draft.unlink(missing_ok=True)
