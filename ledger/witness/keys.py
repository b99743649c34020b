"""A witness's private keys, in a file that only it may read, a line each, in the format of Go's note package.

PRIVATE+KEY+<name>+<hex key id>+<base64(type || seed)>
"""

import secrets
from collections.abc import Sequence
from pathlib import Path

from groundwork import durable
from ledger.format import note
from ledger.format.cosignature import ED25519, ML_DSA_44, SEED_SIZE, CosignerKey

_PREFIX = "PRIVATE+KEY+"
_FOR_OTHERS = 0o077


class KeyFileUnusable(Exception):
    """The key file cannot be used; the message has the reason."""


def make(path: Path, *, name: str, is_ed25519_only: bool = False) -> list[CosignerKey]:
    """Make a new witness's Ed25519 key and ML-DSA-44 key. Raises KeyFileUnusable, note.MalformedKey."""
    kinds = [ED25519] if is_ed25519_only else [ED25519, ML_DSA_44]
    keys = [CosignerKey(name, kind, secrets.token_bytes(SEED_SIZE)) for kind in kinds]
    try:
        is_written = durable.write(path, "".join(_line(key) for key in keys).encode(), exclusive=True)
    except OSError as error:
        raise KeyFileUnusable(f"{path}: {error.strerror}") from None
    if not is_written:
        raise KeyFileUnusable(f"{path} has a witness's keys already, which are kept; name another directory")
    return keys


def read(path: Path) -> list[CosignerKey]:
    """Read the keys in a file. Raises KeyFileUnusable."""
    try:
        if path.stat().st_mode & _FOR_OTHERS:
            raise KeyFileUnusable(f"{path}: others can read it; run chmod 600")
        lines = path.read_text(encoding="utf-8").splitlines()
        keys = [_parse(line) for line in lines if line]
    except OSError as error:
        raise KeyFileUnusable(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise KeyFileUnusable(f"{path}: {error}") from None
    _check(path, keys)
    return keys


def _check(path: Path, keys: Sequence[CosignerKey]) -> None:
    if not keys or len({key.kind for key in keys}) != len(keys) or len({key.name for key in keys}) != 1:
        raise KeyFileUnusable(f"{path}: the file needs one key of each type, all with one name")


def _line(key: CosignerKey) -> str:
    data = note.encode_base64(bytes([key.kind]) + key.seed)
    return f"{_PREFIX}{key.name}+{key.cosigner.key_id.hex()}+{data}\n"


def _parse(line: str) -> CosignerKey:
    name, key_id, material = note.split_vkey(line.removeprefix(_PREFIX))
    if not line.startswith(_PREFIX) or not material:
        raise ValueError("a line is not a private key")
    key = CosignerKey(name, material[0], material[1:])
    if key.cosigner.key_id.hex() != key_id:
        raise ValueError("a key id is not that of its key")
    return key
