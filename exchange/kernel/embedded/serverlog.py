"""The log of the embedded server, `log` beside its files: bounded, and for its owner only.

PostgreSQL cannot bound a log by size. Whoever keeps the server running calls `rotate` now and then, which keeps one
earlier part beside it.
"""

import os
import shutil
from pathlib import Path
from typing import BinaryIO, Final

BYTES_MAX: Final = 4 << 20
"""A log of this size becomes the earlier part."""

_TAIL = 4096


def open_log(directory: Path) -> BinaryIO:
    """The log, open for a server that appends to it."""
    descriptor = os.open(directory / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "wb")


def rotate(directory: Path) -> None:
    """Keep a large log's content as `log.1` and empty the log. The server goes on writing to the same file."""
    log = directory / "log"
    try:
        if log.stat().st_size < BYTES_MAX:
            return
        earlier = directory / "log.1"
        earlier.unlink(missing_ok=True)
        try:
            shutil.copyfile(log, earlier)
            earlier.chmod(0o600)
        except OSError:  # a full disk: the space is worth more than the earlier part
            earlier.unlink(missing_ok=True)
        os.truncate(log, 0)
    except FileNotFoundError:
        return


def last_line(directory: Path) -> str:
    """The last line of the log."""
    try:
        with (directory / "log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
            lines = log.read().decode(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "its log is empty"
