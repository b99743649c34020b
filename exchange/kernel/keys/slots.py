"""Secret slots: many secrets outside the database, each of which can be destroyed alone and for good.

A slot is 32 random bytes in a file of 1,024 slots. A file is created whole, once, when its first slot is needed, so
taking a slot costs no sync of its own. To destroy a slot is to overwrite it with zeros and to wait until they are
durable: whatever was encrypted under it never opens again, also not from an older copy of the database.
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
    """A file of slots in use is missing."""


class Slots:
    """The slots in one directory. Safe to share between threads and processes: no secret is kept in memory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._durable: set[int] = set()

    def prepare(self, slots: Iterable[int]) -> None:
        """Create the files that hold these slots, durably; existing ones stay as they are. Raises OSError."""
        for block in {slot // BLOCK for slot in slots} - self._durable:
            create_once(self._path(block), lambda: secrets.token_bytes(BLOCK * BYTES))
            self._durable.add(block)

    def read(self, slot: int) -> bytes | None:
        """The secret in a slot, 32 bytes; None once it is destroyed. Raises SlotsMissing, KeyFileInvalid."""
        handle = self._open(slot, os.O_RDONLY)
        try:
            secret = os.pread(handle, BYTES, slot % BLOCK * BYTES)
        finally:
            os.close(handle)
        if len(secret) != BYTES:
            raise KeyFileInvalid(f"{self._path(slot // BLOCK).name} is shorter than its slots")
        return None if secret == _DESTROYED else secret

    def holds(self, slot: int) -> bool:
        """Whether a slot still holds a secret: neither destroyed nor lost with its file."""
        return self._path(slot // BLOCK).is_file() and self.read(slot) is not None

    def destroy(self, slots: Iterable[int]) -> None:
        """Destroy slots, durably; a destroyed one stays destroyed. Raises SlotsMissing, OSError."""
        for slot in slots:
            handle = self._open(slot, os.O_RDWR)
            try:
                os.pwrite(handle, _DESTROYED, slot % BLOCK * BYTES)
                os.fsync(handle)
            finally:
                os.close(handle)

    def demand(self, blocks: Iterable[int]) -> None:
        """Check that the file of each block exists. Raises SlotsMissing."""
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
