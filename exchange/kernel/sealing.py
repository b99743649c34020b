"""Sealing: secrets the exchange must keep (a source's login) lie in the database only under a key that does not."""

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from exchange.kernel.keyfiles import create_once

_NONCE = 12


class SealBroken(Exception):
    """A sealed value cannot be opened: another key sealed it, or it was changed."""


class Seal:
    """AES-256-GCM under one key of 32 bytes; the name of what is sealed is authenticated with it."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def close(self, plain: bytes, *, name: str) -> bytes:
        """Seal a value for the place `name`: nonce, then ciphertext and tag."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Open a value sealed for the place `name`. Raises SealBroken."""
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"the sealed value of {name} cannot be opened with this key") from error


def load_or_create(path: Path) -> Seal:
    """The seal whose key lies in a file of its own; made on first use."""
    return Seal(create_once(path, lambda: AESGCM.generate_key(256)))
