"""Copies of an exchange's files: which belong to a backup, and a mirror of its keys."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from admin.terminal import CannotDo
from groundwork import durable

_CHUNK: Final = 1 << 20
PARTS: Final = ("snapshots", "archive", "exchange.toml")
"""What is in a backup beside the dump. Not in it: keys, the anchor, the embedded server's files, uploads, logs, locks."""

_POLICY: Final = ".policy"
_OF_THE_MACHINE: Final = frozenset({"keys", "anchor", "postgres", "uploads", "metrics", "server.json", "served.json"})


def left_out(data: Path) -> list[str]:
    """Names of files that somebody put into a data directory and no backup has; directories end with a slash."""
    return sorted(
        f"{path.name}/" if path.is_dir() else path.name
        for path in data.iterdir()
        if path.name not in {*PARTS, *_OF_THE_MACHINE} and path.suffix not in {_POLICY, ".log", ".lock"}
    )


def files_of(data: Path) -> Iterator[Path]:
    """The files of a data directory that belong to a backup, as paths in it."""
    policies = sorted(file.name for file in data.glob(f"*{_POLICY}"))
    for part in (*PARTS, *policies):
        path = data / part
        if path.is_file():
            yield Path(part)
        elif path.is_dir():
            yield from (file.relative_to(data) for file in sorted(path.rglob("*")) if file.is_file())


def copy(source: Path, target: Path) -> None:
    """Copy a file durably with its permissions. Raises OSError; FileNotFoundError where it is gone by now."""
    with source.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        durable.make_directory(target.parent)
        with durable.replacing(target, mode=mode) as draft:
            while data := file.read(_CHUNK):
                draft.write(data)


def mirror_keys(keys: Path, mirror: Path) -> int:
    """Make a directory hold exactly the files of `keys`, and return their number. Raises CannotDo, OSError.

    What is not there any more is removed from the mirror, so that secrets that an erasure destroyed do not stay in it.
    """
    if mirror.is_dir() and any(mirror.iterdir()) and not (mirror / "seal.key").is_file():
        raise CannotDo(
            f"{mirror} holds something else than a mirror of keys", hint="name an empty directory with --keys"
        )
    durable.make_directory(mirror)
    mirror.chmod(0o700)
    names = {file.relative_to(keys) for file in keys.rglob("*") if file.is_file()}
    for name in sorted(names):
        copy(keys / name, mirror / name)
    for file in [file for file in mirror.rglob("*") if file.is_file() and file.relative_to(mirror) not in names]:
        file.unlink()
    return len(names)


def empty_or_new(directory: Path) -> None:
    """Make a directory that is not there. Raises CannotDo where it has something in it."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise CannotDo(f"{directory} has something in it", hint="name a directory that does not exist")
    durable.make_directory(directory)


def remove(directory: Path) -> None:
    """Remove a directory that was begun and not finished."""
    shutil.rmtree(directory, ignore_errors=True)
