"""Key files: secrets that lie outside the database, in files only their owner may read."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class KeyFileInvalid(Exception):
    """A key file does not hold a key of its kind."""


def create_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a secret file; made on first use, by exactly one of the processes that may try at once.

    The content is complete before the name appears, so a process killed in between leaves no half-written key.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    return path.read_bytes()
