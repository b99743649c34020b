"""Sealing: the database holds secrets only encrypted, under a key that lies outside it."""

import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from exchange.kernel.keys.keyfiles import KeyFileInvalid, create_once

_NONCE = 12
_KEY = 32


class SealBroken(Exception):
    """A sealed value does not open: another key sealed it, or it was changed."""


class Seal:
    """AES-256-GCM under one key of 32 bytes. The name of a value is authenticated with it (as associated data).

    `fingerprint` is a MAC under the key, safe to publish.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._aead = AESGCM(key)
        self.fingerprint = hmac.new(key, b"the seal of an exchange", "sha256").hexdigest()
        self._salting = hmac.digest(key, b"the salts of an exchange", "sha256")

    def salt(self, name: str) -> str:
        """A salt of 16 bytes, hex, derived from the key and a name."""
        return hmac.digest(self._salting, name.encode(), "sha256")[:16].hex()

    def close(self, plain: bytes, *, name: str) -> bytes:
        """Seal a value under a name: 12 bytes of nonce, then ciphertext and tag."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Open a value that was sealed under a name. Raises SealBroken."""
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"the sealed value of {name} cannot be opened with this key") from error

    def derive(self, purpose: str) -> bytes:
        """Derive a key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=purpose.encode()).derive(self._key)


def load_or_create(path: Path) -> Seal:
    """The seal whose key is the content of a file, created on first use. Raises KeyFileInvalid, OSError."""
    key = create_once(path, lambda: AESGCM.generate_key(_KEY * 8))
    if len(key) != _KEY:
        raise KeyFileInvalid(f"{path.name} is not a key of {_KEY} bytes")
    return Seal(key)
