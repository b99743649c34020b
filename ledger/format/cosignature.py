"""Cosignatures (c2sp.org/tlog-cosignature): a witness's signature line on a log's checkpoint.

Both types are supported: Ed25519 (0x04), over the time and the whole note text, and ML-DSA-44 (0x06), which resists
quantum computers, over the cosigner's name, the time, and the tree's origin, size and root. A cosignature states that at
this time, the largest tree of this log that the witness has seen has this root, and extends all trees seen before.
"""

import struct
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from nacl import bindings, exceptions

from ledger.format import checkpoint, note

ED25519 = 0x04
ML_DSA_44 = 0x06
SEED_SIZE = 32
"""The size of the seed of a private key of either type, in bytes."""

_KEY_SIZES = {ED25519: 32, ML_DSA_44: 1312}
_SIGNATURE_SIZES = {ED25519: 64, ML_DSA_44: 2420}
_TIME = struct.Struct(">Q")
_MOST_TIME = (1 << 63) - 1
_LABEL = b"subtree/v1\n\0"
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's public key, ED25519 (32 bytes) or ML_DSA_44 (1,312 bytes), and the name it signs under.

    Raises note.MalformedKey.
    """

    name: str
    kind: int
    public_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not note.is_name(self.name):
            raise note.MalformedKey("a key name must not be empty or have spaces, control characters or plus signs")
        if self.kind not in _KEY_SIZES:
            raise note.MalformedKey("a cosigner's key is of type 4 (Ed25519) or 6 (ML-DSA-44)")
        if len(self.public_key) != _KEY_SIZES[self.kind]:
            expected = _KEY_SIZES[self.kind]
            raise note.MalformedKey(f"a public key of this type has {expected} bytes, not {len(self.public_key)}")
        if self.kind == ML_DSA_44 and len(self.name.encode()) > _LONGEST:
            raise note.MalformedKey(f"the name of an ML-DSA-44 cosigner has at most {_LONGEST} bytes")

    @classmethod
    def parse(cls, vkey: str) -> "Cosigner":
        """Read a verifier key. Raises note.MalformedKey."""
        name, key_id, material = note.split_vkey(vkey)
        if not material:
            raise note.MalformedKey("the key is empty")
        cosigner = cls(name, material[0], material[1:])
        if cosigner.key_id.hex() != key_id:
            raise note.MalformedKey("the key id does not match the name and key")
        return cosigner

    @property
    def key_id(self) -> bytes:
        """The four bytes that identify the key in signature lines."""
        return note.key_id_of(self.name, self.kind, self.public_key)

    @property
    def vkey(self) -> str:
        """The key as text, for `parse`."""
        return f"{self.name}+{self.key_id.hex()}+{note.encode_base64(bytes([self.kind]) + self.public_key)}"

    def verify(self, text: str, signature: bytes) -> None:
        """Check a timestamped signature over a checkpoint's note text. Raises note.SignatureInvalid."""
        if len(signature) != _TIME.size + _SIGNATURE_SIZES[self.kind]:
            raise note.SignatureInvalid(f"the cosignature of {self.name} has the wrong length for its type")
        time = time_of(signature)
        if time > _MOST_TIME:
            raise note.SignatureInvalid(f"the cosignature of {self.name} has an impossible time")
        try:
            message = _message(self.kind, self.name, time, text)
            if self.kind == ED25519:
                bindings.crypto_sign_open(signature[_TIME.size :] + message, self.public_key)
            else:
                MLDSA44PublicKey.from_public_bytes(self.public_key).verify(signature[_TIME.size :], message)
        except (exceptions.CryptoError, InvalidSignature, ValueError):
            raise note.SignatureInvalid(f"the cosignature of {self.name} does not verify") from None


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """A witness's private key, as its seed (32 bytes), and the name it signs under."""

    name: str
    kind: int
    seed: bytes = field(repr=False)
    cosigner: Cosigner = field(init=False)

    def __post_init__(self) -> None:
        if self.kind not in _KEY_SIZES or len(self.seed) != SEED_SIZE:
            raise note.MalformedKey(f"a cosigner's key is of type 4 or 6 and has a seed of {SEED_SIZE} bytes")
        public = (
            bindings.crypto_sign_seed_keypair(self.seed)[0]
            if self.kind == ED25519
            else MLDSA44PrivateKey.from_seed_bytes(self.seed).public_key().public_bytes_raw()
        )
        object.__setattr__(self, "cosigner", Cosigner(self.name, self.kind, public))

    def line(self, text: str, *, time: int) -> str:
        """The signature line over a checkpoint's note text, with a time in epoch seconds.

        Raises checkpoint.MalformedCheckpoint.
        """
        checkpoint.parse(text, is_extended=True)
        message = _message(self.kind, self.name, time, text)
        if self.kind == ED25519:
            _, secret = bindings.crypto_sign_seed_keypair(self.seed)
            signature = bindings.crypto_sign(message, secret)[: bindings.crypto_sign_BYTES]
        else:
            signature = MLDSA44PrivateKey.from_seed_bytes(self.seed).sign(message)
        return note.line(self.name, self.cosigner.key_id, _TIME.pack(time) + signature)


def time_of(signature: bytes) -> int:
    """The time in a timestamped signature, in epoch seconds, unverified; 0 if it states none."""
    return int(_TIME.unpack_from(signature)[0])


def parse_key(vkey: str) -> note.Verifier | Cosigner:
    """Read a verifier key of a log or a witness, of any supported type. Raises note.MalformedKey."""
    _, _, material = note.split_vkey(vkey)
    return note.Verifier.parse(vkey) if material[:1] == bytes([note.ED25519]) else Cosigner.parse(vkey)


def _message(kind: int, name: str, time: int, text: str) -> bytes:
    """The bytes to sign. Raises ValueError if the text is not a checkpoint that can be cosigned."""
    if kind == ED25519:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    signed = checkpoint.parse(text, is_extended=True)
    return b"".join(
        (
            _LABEL,
            _opaque(name),
            _TIME.pack(time),
            _opaque(signed.origin),
            _TIME.pack(0),
            _TIME.pack(signed.size),
            signed.root,
        )
    )


def _opaque(text: str) -> bytes:
    """A text of 1 to 255 bytes as a TLS opaque vector (RFC 8446 section 3.4)."""
    data = text.encode()
    if not 1 <= len(data) <= _LONGEST:
        raise ValueError(f"a name has 1 to {_LONGEST} bytes")
    return bytes([len(data)]) + data
