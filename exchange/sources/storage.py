"""The directories of uploads and of snapshots: their permissions, and the removal of files that nobody needs.

An upload is raw data of people until it is imported. Its directory admits the exchange's user only, and is locked while
the upload runs. The lock of a killed process is released, so the next start can tell an abandoned upload.
"""

import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from groundwork import durable

SNAPSHOT_GRACE: Final = timedelta(hours=1)
"""The time that a snapshot stays without a source that refers to it: an import commits its source within seconds."""

_SNAPSHOT: Final = re.compile(r"[0-9a-f]{64}\.parquet")


def make_private(directory: Path) -> Path:
    """Create a directory if it is missing, and let only this user enter it."""
    durable.make_directory(directory)
    directory.chmod(0o700)
    return directory


@contextmanager
def upload_directory(uploads: Path, organisation: UUID) -> Iterator[Path]:
    """A new directory for one upload of an organisation and its temporary files; removed at the end of the block."""
    directory, lock = _create_locked(make_private(uploads), organisation)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def _create_locked(parent: Path, organisation: UUID) -> tuple[Path, int]:
    """Create a directory, and lock it by a descriptor."""
    while True:
        directory = parent / f"{organisation}.{secrets.token_hex(16)}"
        directory.mkdir(mode=0o700)
        lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if directory.exists():  # otherwise another process removed it as abandoned, just before the lock
            return directory, lock
        os.close(lock)


def create_file(path: Path) -> BinaryIO:
    """Create a file that only this user may read, open for writing."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def running_uploads(uploads: Path, organisation: UUID) -> list[Path]:
    """The directories of an organisation's uploads that run in any process."""
    return [path for path in uploads.glob(f"{organisation}.*") if _is_locked(path)]


def _is_locked(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # it has just ended
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def size_of(directory: Path) -> int:
    """The bytes of the files in a directory, some of which may be going."""
    size = 0
    for path in directory.rglob("*"):
        with suppress(FileNotFoundError):
            status = path.lstat()
            size += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return size


def size_of_snapshots(snapshots: Path, digests: Collection[str]) -> int:
    """The bytes of the snapshots with these hex SHA-256."""
    size = 0
    for digest in digests:
        with suppress(FileNotFoundError):
            size += (snapshots / f"{digest}.parquet").stat().st_size
    return size


def free_bytes(path: Path) -> int:
    """The bytes that are free on the disk of a path, for users without privileges."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def remove_abandoned(uploads: Path) -> None:
    """Remove the uploads of killed processes. Those that other processes are receiving stay."""
    for path in make_private(uploads).iterdir():
        if not path.is_dir() or path.is_symlink():
            path.unlink(missing_ok=True)
            continue
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def remove_unreferenced(snapshots: Path, *, digests: Collection[str], now: datetime) -> int:
    """Remove snapshots older than SNAPSHOT_GRACE whose hex SHA-256 is not among `digests`. Returns their number."""
    removed = 0
    for path in make_private(snapshots).iterdir():
        if not _SNAPSHOT.fullmatch(path.name) or path.stem in digests:
            continue
        try:
            age = now.timestamp() - path.stat().st_mtime
        except FileNotFoundError:
            continue
        if age > SNAPSHOT_GRACE.total_seconds():
            path.unlink(missing_ok=True)
            removed += 1
    return removed
