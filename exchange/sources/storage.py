"""Uploaded files on their way to a snapshot, and the snapshots that stay: who may read them, and when they go.

A file is raw data of people until it has been read. It lies in a directory of its own that only the exchange's user may
enter, under a lock that a killed process lets go of, so the next start can tell what nobody needs any more.
"""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

SETTLED = timedelta(hours=1)
"""How old a snapshot has to be before nothing can be about to refer to it: an import is committed within seconds."""

_SNAPSHOT = re.compile(r"[0-9a-f]{64}\.parquet")


def private(directory: Path) -> Path:
    """A directory that only this user may enter, made where there is none."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    return directory


@contextmanager
def receiving(directory: Path) -> Iterator[Path]:
    """A new directory for one upload and what is made of it on the way; gone, with everything in it, afterwards."""
    place, held = _new(private(directory))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(held)


def _new(directory: Path) -> tuple[Path, int]:
    """A directory, and the descriptor whose lock says that it is in use."""
    while True:
        place = directory / secrets.token_hex(16)
        place.mkdir(mode=0o700)
        held = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_EX)
        if place.exists():  # otherwise another process's start took it for abandoned just before the lock
            return place, held
        os.close(held)


def new_file(path: Path) -> BinaryIO:
    """A new file to write, that only this user may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def clear(directory: Path) -> None:
    """Remove what processes that were killed had received; uploads that go on in others stay."""
    for place in private(directory).iterdir():
        if not place.is_dir() or place.is_symlink():
            place.unlink(missing_ok=True)
            continue
        try:
            held = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(place, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(held)


def collect(directory: Path, *, kept: Collection[str], now: datetime) -> int:
    """Remove snapshots that no source refers to (`kept` are digests that one does) and that have settled; how many."""
    removed = 0
    for path in private(directory).iterdir():
        if not _SNAPSHOT.fullmatch(path.name) or path.stem in kept:
            continue
        try:
            is_settled = now.timestamp() - path.stat().st_mtime > SETTLED.total_seconds()
        except FileNotFoundError:
            continue
        if is_settled:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
