"""Signed notes (c2sp.org/signed-note): a text with signature lines below it.

The format of Go's checksum database, of transparency logs and of their witnesses. This module knows Ed25519 signatures
(type 0x01); `ledger.format.cosignature` knows those of witnesses. Lines of other keys and types are ignored, as the
specification demands, so that a log can add signatures without breaking its readers.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from nacl import bindings, exceptions

ED25519 = 0x01

MAX_NOTE = 1 << 20
"""The largest note in bytes."""

MAX_SIGNATURES = 64
"""The most signature lines of a note; the specification asks readers to accept at least 16."""

_DASH = "\u2014 "
_ID_SIZE = 4
_KEY_SIZE = 32


class BadNote(ValueError):
    """A note, a key or a signature is malformed or wrong."""


class MalformedNote(BadNote):
    """A text is not a signed note."""


class MalformedKey(BadNote):
    """A text is not a verifier key, or its type is not supported."""


class SignatureInvalid(BadNote):
    """A signature line of a known key does not verify over this text."""


class SignatureMissing(BadNote):
    """No known key signed the note."""


class Key(Protocol):
    """A public key of any type, and the name it signs under. Hashable."""

    @property
    def name(self) -> str:
        """The name in the signature line."""

    @property
    def public_key(self) -> bytes:
        """The public key, encoded as its type defines."""

    @property
    def key_id(self) -> bytes:
        """The four bytes that identify the key in signature lines."""

    @property
    def vkey(self) -> str:
        """The key as text."""

    def verify(self, text: str, signature: bytes) -> None:
        """Check a signature over a note's text. Raises SignatureInvalid."""


AnyKey = TypeVar("AnyKey", bound=Key)


@dataclass(frozen=True, slots=True)
class Verifier:
    """An Ed25519 public key (32 bytes) and the name it signs notes under.

    Raises MalformedKey.
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise MalformedKey("a key name must not be empty or have spaces, control characters or plus signs")
        if len(self.public_key) != _KEY_SIZE:
            raise MalformedKey(f"an Ed25519 public key has {_KEY_SIZE} bytes, not {len(self.public_key)}")

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a verifier key, `<name>+<hex key id>+<base64(type || key)>`. Raises MalformedKey."""
        name, key_id, material = split_vkey(vkey)
        if material[:1] != bytes([ED25519]):
            raise MalformedKey("the key is not an Ed25519 key (type 1)")
        verifier = cls(name, material[1:])
        if verifier.key_id.hex() != key_id:
            raise MalformedKey("the key id does not match the name and key")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The four bytes that identify the key in signature lines."""
        return key_id_of(self.name, ED25519, self.public_key)

    @property
    def vkey(self) -> str:
        """The key as text, for `parse`."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([ED25519]) + self.public_key)}"

    def verify(self, text: str, signature: bytes) -> None:
        """Check an Ed25519 signature over a note's text. Raises SignatureInvalid."""
        try:
            bindings.crypto_sign_open(signature + text.encode(), self.public_key)
        except (exceptions.CryptoError, ValueError):
            raise SignatureInvalid(f"the signature of {self.name} does not verify") from None


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key, given as its 32-byte seed, and the name it signs notes under."""

    name: str
    seed: bytes = field(repr=False)
    verifier: Verifier = field(init=False)
    _secret: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.seed) != _KEY_SIZE:
            raise MalformedKey(f"an Ed25519 seed has {_KEY_SIZE} bytes, not {len(self.seed)}")
        public_key, secret = bindings.crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "verifier", Verifier(self.name, public_key))
        object.__setattr__(self, "_secret", secret)

    @property
    def vkey(self) -> str:
        """The verifier key, to publish."""
        return self.verifier.vkey

    def line(self, text: str) -> str:
        """The signature line over a note's text."""
        signature = bindings.crypto_sign(text.encode(), self._secret)[: bindings.crypto_sign_BYTES]
        return line(self.name, self.verifier.key_id, signature)


class AnySigner(Protocol):
    """Signs notes under a name, with a key in this process or elsewhere."""

    @property
    def name(self) -> str:
        """The name it signs under."""

    @property
    def verifier(self) -> Verifier:
        """The public key."""

    def line(self, text: str) -> str:
        """The signature line over a note's text."""


@dataclass(frozen=True, slots=True)
class DelegatedSigner:
    """A signer whose key is elsewhere, such as in a token. `sign` returns an Ed25519 signature (64 bytes)."""

    verifier: Verifier
    sign: Callable[[bytes], bytes] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The name it signs under."""
        return self.verifier.name

    def line(self, text: str) -> str:
        """The signature line over a note's text. Raises SignatureInvalid if the returned signature does not verify."""
        signature = self.sign(text.encode())
        self.verifier.verify(text, signature)
        return f"{_DASH}{self.name} {encode_base64(self.verifier.key_id + signature)}\n"


@dataclass(frozen=True, slots=True)
class Note(Generic[AnyKey]):
    """A verified note: its text, and which of the given keys signed it, in the order of their lines."""

    text: str
    signed_by: tuple[AnyKey, ...]


def sign(text: str, signers: Sequence[AnySigner]) -> str:
    """Sign a text, which must end in a newline. Raises MalformedNote for a text that a note cannot have."""
    if not signers:
        raise ValueError("a note needs a signer")
    _check_characters(text)
    if not text.endswith("\n"):
        raise MalformedNote("the text does not end in a newline")
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def open(signed: str | bytes, verifiers: Sequence[AnyKey]) -> Note[AnyKey]:  # noqa: A001 - as in Go's note package
    """Read a signed note and verify the signatures of the given keys. Lines of other keys are ignored.

    Raises SignatureInvalid if any line of a given key fails, SignatureMissing if no given key signed, MalformedNote.
    """
    by_key = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    if len(by_key) != len(set(verifiers)):
        raise ValueError("two of the keys have the same name and key id")
    text, lines = split(signed)
    signed_by: dict[AnyKey, None] = {}
    for name, material in lines:
        verifier = by_key.get((name, material[:_ID_SIZE]))
        if verifier is not None:
            verifier.verify(text, material[_ID_SIZE:])
            signed_by[verifier] = None
    if not signed_by:
        raise SignatureMissing("no known key signed the note")
    return Note(text, tuple(signed_by))


def text_of(signed: str | bytes) -> str:
    """The text of a signed note, unverified: to find out which key must have signed it. Raises MalformedNote."""
    return split(signed)[0]


def is_name(name: str) -> bool:
    """Whether this is a valid key name: not empty, without Unicode spaces, plus signs or control characters."""
    return bool(name) and not any(
        letter.isspace() or letter == "+" or letter < " " or "\ud800" <= letter <= "\udfff" for letter in name
    )


def encode_base64(data: bytes) -> str:
    """Encode as base64 (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """Decode base64 (RFC 4648 section 4) in its canonical form only. Raises ValueError."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if encode_base64(data) != text:
        raise ValueError("not canonical base64")
    return data


def line(name: str, key_id: bytes, signature: bytes) -> str:
    """A signature line, with its newline."""
    return f"{_DASH}{name} {encode_base64(key_id + signature)}\n"


def key_id_of(name: str, kind: int, public_key: bytes) -> bytes:
    """The key id: the first four bytes of SHA-256 over name, newline, signature type and public key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:_ID_SIZE]


def split_vkey(vkey: str) -> tuple[str, str, bytes]:
    """The parts of `<name>+<hex key id>+<base64(type || key)>`, the last decoded. Raises MalformedKey."""
    name, first, rest = vkey.partition("+")
    key_id, second, encoded = rest.partition("+")
    if not first or not second:
        raise MalformedKey("a verifier key is a name, a key id and a key, with plus signs between them")
    try:
        return name, key_id, decode_base64(encoded)
    except ValueError:
        raise MalformedKey("the key is not base64") from None


def split(signed: str | bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Split a note into text and signature lines (name; key id and signature), unverified. Raises MalformedNote."""
    if len(signed) > MAX_NOTE:
        raise MalformedNote("the note is too large")
    try:
        note = signed.decode() if isinstance(signed, bytes) else signed
    except UnicodeDecodeError:
        raise MalformedNote("the note is not UTF-8") from None
    _check_characters(note)
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise MalformedNote("signature lines below a blank line are missing")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedNote(f"more than {MAX_SIGNATURES} signature lines")
    return text + "\n", [_read_line(line) for line in lines]


def _read_line(line: str) -> tuple[str, bytes]:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator or not is_name(name):
        raise MalformedNote("a signature line is a dash, a key name and a signature")
    try:
        material = decode_base64(encoded)
    except ValueError:
        raise MalformedNote("a signature is not base64") from None
    if len(material) <= _ID_SIZE:
        raise MalformedNote("a signature is too short for its key id")
    return name, material


def _check_characters(text: str) -> None:
    if any(letter < " " and letter != "\n" for letter in text):
        raise MalformedNote("the text has a control character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MalformedNote("the text has a lone surrogate") from None
