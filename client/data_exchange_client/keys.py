"""A system's signing key, which never leaves the system."""

import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from data_exchange_client.errors import KeyFileError
from groundwork import base64url, durable
from signatures import Registration, prove_possession, public_of, thumbprint

_SEED_BYTES = 32
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key pair, made from its 32-byte seed. `keyid` is the public key's JWK thumbprint (RFC 7638)."""

    seed: bytes = field(repr=False)
    public: bytes = field(init=False)
    keyid: str = field(init=False)

    def __post_init__(self) -> None:
        if len(self.seed) != _SEED_BYTES:
            raise ValueError(f"an Ed25519 seed has {_SEED_BYTES} bytes")
        object.__setattr__(self, "public", public_of(self.seed))
        object.__setattr__(self, "keyid", thumbprint(self.public))

    @classmethod
    def generate(cls) -> Self:
        """A new key from the operating system's randomness."""
        return cls(secrets.token_bytes(_SEED_BYTES))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read an unencrypted PKCS #8 PEM key. Raises KeyFileError."""
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFileError("not an unencrypted PKCS #8 private key in PEM") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError("the key is not an Ed25519 key")
        return cls(key.private_bytes_raw())

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a key file. Raises KeyFileError, also when other users of the machine may read the file."""
        path = Path(path)
        try:
            if os.name == "posix" and path.stat().st_mode & _OTHERS:
                raise KeyFileError(f"{path} can be read by others; run: chmod 600 {path}")
            pem = path.read_bytes()
        except OSError as error:
            raise KeyFileError(f"{path} cannot be read: {error.strerror}") from error
        try:
            return cls.from_pem(pem)
        except KeyFileError as error:
            raise KeyFileError(f"{path}: {error}") from error

    def pem(self) -> bytes:
        """The key in PKCS #8 PEM, unencrypted."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def save(self, path: Path | str) -> None:
        """Write a key file of mode 0600. Raises KeyFileError when the file exists: keys are not overwritten."""
        path = Path(path)
        try:
            durable.make_directory(path.parent, mode=0o777)
            is_written = durable.write(path, self.pem(), exclusive=True)
        except OSError as error:
            raise KeyFileError(f"{path} cannot be written: {error.strerror}") from error
        if not is_written:
            raise KeyFileError(f"{path} exists already; choose another name, or delete the key first")

    @property
    def pair(self) -> bytes:
        """Seed and public key in one, 64 bytes, as `signatures` takes them."""
        return self.seed + self.public

    @property
    def public_text(self) -> str:
        """The public key in base64url without padding, as a steward enters it."""
        return base64url.encode(self.public)

    def registration(
        self, *, exchange: str, organisation: str, principal: str, seconds: int = 86_400
    ) -> dict[str, Any]:
        """The members `public_key` and `proof` of a registration of this key; the proof expires after so many seconds.

        `exchange` is the exchange's public URL; `organisation` and `principal` are the handles of whose key it becomes.
        """
        expires = int(time.time()) + seconds
        registration = Registration(exchange.rstrip("/"), organisation, principal, self.public, expires)
        signature = base64url.encode(prove_possession(self.pair, registration))
        return {"public_key": self.public_text, "proof": {"expires": expires, "signature": signature}}
