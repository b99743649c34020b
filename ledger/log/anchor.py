"""The anchor: the last signed checkpoint, in a file that a restore of the database does not take back.

A log must never sign two trees of which neither continues the other. A database alone cannot ensure that: restored from a
backup, or copied, it no longer knows what it signed. So before a checkpoint is stored, the file is swapped from the
checkpoint before to this one, durably and under a file lock. Of two instances that share the file, only one can sign, and
one that has fallen behind notices before it signs.

A log that goes on under another origin is closed here for good.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from groundwork import durable

MAX_NOTE = 1 << 20


class AnchorMoved(Exception):
    """The anchor has changed since the checkpoint was made: another instance has signed, or the log was closed."""


class Anchor:
    """The last signed checkpoint of one log, in a directory that all its instances share.

    Files are named after the origin: `.checkpoint` is the signed note, `.closed` has the origin that the log goes on under,
    `.evidence` is a note that proves a second history. OSError means that the directory cannot be used; nothing may be
    signed then.
    """

    def __init__(self, directory: Path, origin: str) -> None:
        self.origin = origin
        self._directory = directory
        name = quote(origin, safe="")
        self.path = directory / f"{name}.checkpoint"
        self.evidence_path = directory / f"{name}.evidence"
        self._closed = directory / f"{name}.closed"
        self._lock = directory / f"{name}.lock"

    def read(self) -> str | None:
        """The signed note; None if nothing was ever signed, or the file is lost."""
        return _read(self.path)

    def successor(self) -> str | None:
        """The origin that the log goes on under; None while the log is open."""
        text = _read(self._closed)
        return None if text is None else text.removesuffix("\n")

    def evidence(self) -> str | None:
        """A note by a key of this log that contradicts the log; None if there is none, or an operator removed it."""
        return _read(self.evidence_path)

    def accuse(self, expected: str, evidence: str) -> None:
        """Store a note that contradicts the log with the anchor `expected`. Raises AnchorMoved as `swap` does."""
        with self._locked():
            if self.successor() is not None or self.read() != expected:
                raise AnchorMoved
            _write(self.evidence_path, evidence)

    def swap(self, expected: str | None, new: str) -> None:
        """Replace the note `expected` by `new`, durably. Raises AnchorMoved if it is another, or the log is closed."""
        with self._locked():
            if self.successor() is not None or self.read() != expected:
                raise AnchorMoved
            if new != expected:
                _write(self.path, new)

    def close(self, successor: str) -> None:
        """Close the log, so that nothing is signed under this origin again. Raises AnchorMoved for another successor."""
        with self._locked():
            present = self.successor()
            if present not in (None, successor):
                raise AnchorMoved
            if present is None:
                _write(self._closed, f"{successor}\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        durable.make_directory(self._directory)
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)  # releases the lock


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_NOTE).decode(errors="replace")
    except FileNotFoundError:
        return None


def _write(path: Path, text: str) -> None:
    """Write a file durably. Only under the lock, since it removes the drafts of killed processes."""
    durable.remove_drafts(path)
    durable.write(path, text.encode(), mode=0o666)
