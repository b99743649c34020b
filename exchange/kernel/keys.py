"""The exchange's own keys: one signs answers, one signs the ledger's checkpoints. Both lie in files, not in the database."""

import base64
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

from exchange.kernel.keyfiles import KeyFileInvalid, create_once
from ledger.signatures import thumbprint


@dataclass(frozen=True, slots=True)
class ExchangeKey:
    """An Ed25519 key as raw bytes: 32 of seed, 32 public; and its RFC 7638 thumbprint."""

    seed: bytes
    public: bytes
    keyid: str

    @property
    def pair(self) -> bytes:
        """Seed and public key in one, the form libsodium signs with."""
        return self.seed + self.public

    @property
    def public_text(self) -> str:
        """The public key in base64url without padding."""
        return base64.urlsafe_b64encode(self.public).decode().rstrip("=")


def _new_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_or_create(path: Path) -> ExchangeKey:
    """The key of a PKCS #8 PEM file of mode 0600; made on first use. Raises KeyFileInvalid."""
    pem = create_once(path, _new_pem)
    try:
        key = load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise KeyFileInvalid(f"{path.name} is not a PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileInvalid(f"{path.name} is not an Ed25519 key")
    signing = nacl.signing.SigningKey(key.private_bytes_raw())
    public = bytes(signing.verify_key)
    return ExchangeKey(seed=bytes(signing), public=public, keyid=thumbprint(public))
