"""Durable file writes: a file appears under its name whole, and survives a power failure once the call returns.

A rename is not durable until the directory is synced (fsync(2)), so a write ends with a sync of the directory. Every
package writes its files here; a second way to write one would have a second guarantee.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# O_BINARY keeps Windows from translating line ends. Directories cannot be synced there, and need not be.
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_DIRECTORY: int | None = getattr(os, "O_DIRECTORY", None)
_SUFFIX_BYTES = 8


def write(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o600,
    exclusive: bool = False,
    sync: bool = True,
    sync_name: bool = True,
) -> bool:
    """Write a file whole, replacing an existing one, or keeping it if `exclusive`.

    Returns whether the file was written: False only if `exclusive` and the name was taken. `mode` is the file's
    permission bits, less the umask. Raises OSError; the name then has the old content or the new, whole.

    Two options are for callers that write many files: without `sync_name`, a power failure can undo the write until the
    caller calls `sync_directory`; without `sync`, it can also leave the file empty.
    """
    with replacing(path, mode=mode, exclusive=exclusive, sync=sync, sync_name=sync_name) as draft:
        draft.write(data)
    return not draft.is_lost


class Draft:
    """A file being written, under the temporary name `path` until it gets its name, `target`.

    `target` may change within its directory until the block ends, for a name that depends on the content. `is_lost` says
    after the block that the name was taken and the content dropped.
    """

    def __init__(self, path: Path, target: Path, file: BinaryIO) -> None:
        self.path = path
        self.target = target
        self.is_lost = False
        self._file = file

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)


@contextmanager
def replacing(
    path: Path, *, mode: int = 0o600, exclusive: bool = False, sync: bool = True, sync_name: bool = True
) -> Iterator[Draft]:
    """Write a file in pieces. It gets its name at the end of the block, and none if the block raises. See `write`."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(_SUFFIX_BYTES)}")
    file = os.fdopen(os.open(draft, _CREATE, mode), "wb")
    try:
        with file:
            result = Draft(draft, path, file)
            yield result
            file.flush()
            if sync:
                os.fsync(file.fileno())
        if exclusive:
            try:
                os.link(draft, result.target)
            except FileExistsError:
                result.is_lost = True
        else:
            draft.replace(result.target)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    if sync and sync_name:
        # The directory is synced even if another process created the file, since the caller relies on the name.
        sync_directory(path.parent)


def move(path: Path, target: Path) -> None:
    """Rename a file durably, replacing `target`. Syncs both directories. Raises OSError."""
    path.replace(target)
    # The new name first: after a power failure the file may have both names, but never none.
    sync_directory(target.parent)
    if path.parent != target.parent:
        sync_directory(path.parent)


def make_directory(path: Path, *, mode: int = 0o700) -> None:
    """Create a directory and its missing parents durably; existing ones keep their permissions. Raises OSError.

    If another process creates the same directory at the same time, its name is durable once that process returns.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        directory.mkdir(mode=mode, exist_ok=True)
        sync_directory(directory.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable. Raises OSError."""
    if _DIRECTORY is None:
        return
    handle = os.open(path, os.O_RDONLY | _DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_drafts(path: Path) -> None:
    """Remove the drafts of a file that killed processes left. Only safe while nobody else writes the file."""
    draft = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{{2 * _SUFFIX_BYTES}}}")
    with suppress(FileNotFoundError):
        for name in os.listdir(path.parent):  # noqa: PTH208 - only names are needed
            if draft.fullmatch(name):
                (path.parent / name).unlink(missing_ok=True)
