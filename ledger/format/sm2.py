"""SM2 signatures on notes (GB/T 32918 with SM3), for verifiers that must use the national algorithms.

Signed notes have no assigned type for SM2, so the type is 0xff followed by an identifier of our own (c2sp.org/signed-note,
"Signature types"). An SM2 line always stands beside a log's Ed25519 line, so that verifiers without SM2 can ignore it. The
signature, in DER, is over the note's text with the distinguishing identifier of GM/T 0009, `1234567812345678`. The library
(Tongsuo) is the optional extra `sm2`.
"""

from dataclasses import dataclass, field
from typing import Any

from ledger.format import note

_FAILURES: tuple[type[Exception], ...] = (ValueError,)
try:
    from tongsuopy.crypto import hashes, serialization
    from tongsuopy.crypto.asymciphers import ec
    from tongsuopy.crypto.exceptions import InternalError, InvalidSignature
except ImportError:
    ec = hashes = serialization = None
else:
    _FAILURES = (ValueError, InvalidSignature, InternalError)

KIND = 0xFF
IDENTIFIER = b"data-exchange/sm2-sm3/v1\n"
"""Follows the type byte in a verifier key and in the input of its key id."""

SECRET_SIZE = 32
_POINT_SIZE = 65
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


class NotInstalled(note.MalformedKey):
    """An SM2 key is used, and the optional library is not installed."""


@dataclass(frozen=True, slots=True)
class Sm2Verifier:
    """An SM2 public key, as an uncompressed point (65 bytes), and the name it signs under.

    Raises note.MalformedKey, NotInstalled.
    """

    name: str
    public_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not note.is_name(self.name):
            raise note.MalformedKey("a key name must not be empty or have spaces, control characters or plus signs")
        if len(self.public_key) != _POINT_SIZE:
            raise note.MalformedKey(f"an SM2 public key has {_POINT_SIZE} bytes, not {len(self.public_key)}")
        self._load()

    @classmethod
    def parse(cls, vkey: str) -> "Sm2Verifier":
        """Read a verifier key. Raises note.MalformedKey, NotInstalled."""
        name, key_id, material = note.split_vkey(vkey)
        if not is_sm2(material):
            raise note.MalformedKey("not an SM2 key (type 255 with its identifier)")
        verifier = cls(name, material[1 + len(IDENTIFIER) :])
        if verifier.key_id.hex() != key_id:
            raise note.MalformedKey("the key id does not match the name and key")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The four bytes that identify the key in signature lines."""
        return note.key_id_of(self.name, KIND, IDENTIFIER + self.public_key)

    @property
    def vkey(self) -> str:
        """The key as text, for `parse`."""
        material = bytes([KIND]) + IDENTIFIER + self.public_key
        return f"{self.name}+{self.key_id.hex()}+{note.encode_base64(material)}"

    def verify(self, text: str, signature: bytes) -> None:
        """Check a signature over a note's text. Raises note.SignatureInvalid."""
        try:
            self._load().verify(signature, text.encode(), ec.ECDSA(hashes.SM3()))
        except _FAILURES:
            raise note.SignatureInvalid(f"the signature of {self.name} does not verify") from None

    def _load(self) -> Any:
        _require_library()
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SM2(), self.public_key)
        except _FAILURES:
            raise note.MalformedKey("an SM2 public key is a point of the curve") from None


@dataclass(frozen=True, slots=True)
class Sm2Key:
    """An SM2 private key, as 32 bytes from which the scalar is derived, and the name it signs notes under."""

    name: str
    secret: bytes = field(repr=False)
    verifier: Sm2Verifier = field(init=False)
    _key: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_library()
        if len(self.secret) != SECRET_SIZE:
            raise note.MalformedKey(f"an SM2 key is made from {SECRET_SIZE} bytes")
        # The scalar is 1 to order - 2 (GB/T 32918.1). The bias of the modulus is negligible.
        key = ec.derive_private_key(int.from_bytes(self.secret, "big") % (_ORDER - 2) + 1, ec.SM2())
        point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        object.__setattr__(self, "verifier", Sm2Verifier(self.name, point))
        object.__setattr__(self, "_key", key)

    def line(self, text: str) -> str:
        """The signature line over a note's text."""
        signature = self._key.sign(text.encode(), ec.ECDSA(hashes.SM3()))
        return note.line(self.name, self.verifier.key_id, signature)


def is_sm2(material: bytes) -> bool:
    """Whether the decoded part of a verifier key is of an SM2 key."""
    return material.startswith(bytes([KIND]) + IDENTIFIER)


def _require_library() -> None:
    if ec is None:
        raise NotInstalled("SM2 needs the package tongsuopy: pip install tongsuopy")
