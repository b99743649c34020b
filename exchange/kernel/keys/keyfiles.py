"""Secret files: they lie outside the database and only their owner may read them."""

from collections.abc import Callable
from pathlib import Path

from groundwork import durable


class KeyFileInvalid(Exception):
    """A key file does not hold a key of its kind."""


def create_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read a secret file, and create it on first use. Of several processes exactly one creates it.

    File and name are durable when this returns, also where another process created them and was killed: entries and
    rows may rest on the secret from then on. Raises OSError.
    """
    if path.exists():
        durable.sync_directory(path.parent)
    else:
        durable.make_directory(path.parent)
        durable.write(path, make(), exclusive=True)
    return path.read_bytes()
