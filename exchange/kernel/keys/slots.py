"""Slots: many secrets outside the database, each of which can be destroyed by itself and for good.

A slot is 32 random bytes at a place of its own in a file of 1,024 of them. A file is made whole, once, when its first
slot is wanted, so taking one costs no sync of its own. Destroying a slot writes zeros over its bytes and waits until
they are on the disk; from then on whatever was wrapped under it cannot be opened, whichever copy of it is put back.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from exchange.kernel.keys.keyfiles import KeyFileInvalid, create_once

BYTES = 32
BLOCK = 1024
_DESTROYED = bytes(BYTES)


class SlotsMissing(RuntimeError):
    """A file of slots that are in use is not where it was."""


class Slots:
    """The slots in one directory. Safe to share between threads and processes: no secret is kept in memory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._durable: set[int] = set()

    def prepare(self, slots: Iterable[int]) -> None:
        """Make the files that hold these slots, where they are not there yet; they survive the machine when this returns."""
        for block in {slot // BLOCK for slot in slots} - self._durable:
            create_once(self._path(block), lambda: secrets.token_bytes(BLOCK * BYTES))
            # Whoever made the file: its name has to be on the disk before anything rests on what is in it.
            handle = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            self._durable.add(block)

    def read(self, slot: int) -> bytes | None:
        """The secret in a slot; None once it is destroyed. Raises SlotsMissing, KeyFileInvalid."""
        handle = self._open(slot, os.O_RDONLY)
        try:
            secret = os.pread(handle, BYTES, slot % BLOCK * BYTES)
        finally:
            os.close(handle)
        if len(secret) != BYTES:
            raise KeyFileInvalid(f"{self._path(slot // BLOCK).name} is shorter than its slots")
        return None if secret == _DESTROYED else secret

    def holds(self, slot: int) -> bool:
        """Whether there is still a secret in a slot: neither destroyed nor gone with its whole file."""
        return self._path(slot // BLOCK).is_file() and self.read(slot) is not None

    def destroy(self, slots: Iterable[int]) -> None:
        """Destroy slots; those destroyed before stay so. Returns when it is on the disk. Raises SlotsMissing, OSError."""
        for slot in slots:
            handle = self._open(slot, os.O_RDWR)
            try:
                os.pwrite(handle, _DESTROYED, slot % BLOCK * BYTES)
                os.fsync(handle)
            finally:
                os.close(handle)

    def demand(self, blocks: Iterable[int]) -> None:
        """Refuse to go on where the file of a block is not there. Raises SlotsMissing."""
        for block in blocks:
            if not self._path(block).is_file():
                raise SlotsMissing(f"{self._path(block)} is not there: put it back from its mirror")

    def _open(self, slot: int, flags: int) -> int:
        path = self._path(slot // BLOCK)
        try:
            return os.open(path, flags)
        except FileNotFoundError as error:
            raise SlotsMissing(f"{path} is not there: put it back from its mirror") from error

    def _path(self, block: int) -> Path:
        return self._directory / f"{block:08d}.slots"
