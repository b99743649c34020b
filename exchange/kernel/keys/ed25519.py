"""The exchange's own Ed25519 keys as values: loaded from PEM files, or made from seeds."""

from dataclasses import dataclass
from pathlib import Path

import nacl.signing
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from exchange.kernel.keys.keyfiles import KeyFileInvalid, create_once
from groundwork import base64url
from signatures import thumbprint

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class ExchangeKey:
    """An Ed25519 key as raw bytes, 32 of seed and 32 public, with its RFC 7638 thumbprint."""

    seed: bytes
    public: bytes
    keyid: str

    @property
    def pair(self) -> bytes:
        """Seed and public key concatenated, the form libsodium signs with."""
        return self.seed + self.public

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes."""
        return bytes(nacl.signing.SigningKey(self.seed).sign(data).signature)

    @property
    def public_text(self) -> str:
        """The public key in base64url without padding."""
        return base64url.encode(self.public)


def _new_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_or_create(path: Path) -> ExchangeKey:
    """The key of a PKCS #8 PEM file of mode 0600, created durably on first use. Raises KeyFileInvalid, OSError."""
    return from_pem(create_once(path, _new_pem), name=path.name)


def load(path: Path) -> ExchangeKey:
    """The key of an existing PEM file. Raises KeyFileInvalid, OSError."""
    return from_pem(path.read_bytes(), name=path.name)


def from_pem(pem: bytes, *, name: str) -> ExchangeKey:
    """The key of a PKCS #8 PEM text; error messages call it `name`. Raises KeyFileInvalid."""
    try:
        key = load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise KeyFileInvalid(f"{name} is not a PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileInvalid(f"{name} is not an Ed25519 key")
    return from_seed(key.private_bytes_raw())


def from_seed(seed: bytes) -> ExchangeKey:
    """The key of a seed of 32 bytes."""
    public = bytes(nacl.signing.SigningKey(seed).verify_key)
    return ExchangeKey(seed=seed, public=public, keyid=thumbprint(public))
