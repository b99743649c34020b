"""Signature algorithms behind one interface, `Suite`, and the one that every exchange uses, Ed25519."""

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from groundwork import base64url
from signatures.components import SignatureProblem

_PUBLIC_BYTES: Final = 32
_SECRET_BYTES: Final = 64
_SIGNATURE_BYTES: Final = 64


class SignatureInvalid(SignatureProblem):
    """The signature does not verify with the key over these bytes."""

    reason = "signature-invalid"


class Suite(Protocol):
    """A signature algorithm with a key. Its name is in the registry of RFC 9421 section 6.2."""

    @property
    def name(self) -> str:
        """The algorithm's registered name."""
        ...

    def sign(self, base: bytes) -> bytes:
        """Sign the base. Raises TypeError without a private key."""
        ...

    def verify(self, base: bytes, signature: bytes) -> None:
        """Verify a signature over the base. Raises SignatureInvalid."""
        ...


@dataclass(frozen=True, slots=True)
class Ed25519:
    """Ed25519 (RFC 8032) with a 32-byte public key and, to sign, the 32-byte seed."""

    public: bytes
    seed: bytes | None = None

    @property
    def name(self) -> str:
        """The registered name."""
        return "ed25519"

    def sign(self, base: bytes) -> bytes:
        """Sign the base. Raises TypeError without a seed."""
        if self.seed is None:
            raise TypeError("a public key cannot sign")
        return sign_ed25519(self.seed + self.public, base)

    def verify(self, base: bytes, signature: bytes) -> None:
        """Verify a signature over the base. Raises SignatureInvalid."""
        verify_ed25519(self.public, base, signature)


def public_of(seed: bytes) -> bytes:
    """The 32-byte Ed25519 public key of a 32-byte seed."""
    public, _ = crypto_sign_seed_keypair(seed)
    return public


def sign_ed25519(seed_and_public: bytes, base: bytes) -> bytes:
    """Sign with a key, given as seed and public key (64 bytes together); returns 64 bytes."""
    if len(seed_and_public) != _SECRET_BYTES:
        raise ValueError("an Ed25519 secret is 64 bytes: seed and public key")
    return crypto_sign(base, seed_and_public)[:_SIGNATURE_BYTES]


def verify_ed25519(public_key: bytes, base: bytes, signature: bytes) -> None:
    """Verify a signature over the base. Raises SignatureInvalid."""
    if len(public_key) != _PUBLIC_BYTES or len(signature) != _SIGNATURE_BYTES:
        raise SignatureInvalid("the signature or the key has the wrong length")
    try:
        crypto_sign_open(signature + base, public_key)
    except BadSignatureError:
        raise SignatureInvalid("the signature does not fit the message and the key") from None


def thumbprint(public_key: bytes) -> str:
    """The key id of a 32-byte Ed25519 public key: its JWK thumbprint (RFC 7638, RFC 8037 appendix A.3)."""
    x = base64url.encode(public_key)
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return base64url.encode(hashlib.sha256(jwk.encode()).digest())
