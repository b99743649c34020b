"""The cryptography of subjects: a data key for each, wrapped under its slot, and everything derived from it.

The wrapping key is derived from the slot's secret and from the seal, so it needs both. Pseudonym and sealed details
need the data key, so to destroy the slot is to destroy them all.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from exchange.kernel.keys.sealing import Seal, SealBroken
from exchange.subjects.identity import Identity
from ledger.log.store import Sealed

TAG = b"data-exchange/sealed-details/1\n"
"""Domain separation: the first bytes under a commitment, so that it equals no other digest."""
SALT = 32
_KEY = 32
_NONCE = 12


class KeyUnusable(SealBroken):
    """A wrapped data key does not open with its slot and this seal."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject whose data key is open: its pseudonym in entries, and the cipher of its details."""

    pseudonym: bytes
    vault: AESGCM

    def seal(self, details: Mapping[str, str]) -> tuple[str, Sealed]:
        """Seal details, which are texts by ASCII names. Returns their commitment, in hex, and the row beside the entry.

        Every answer about one person waits for this, so it uses orjson. For such details its sorted output equals
        canonical JSON, which a test checks.
        """
        fresh = os.urandom(SALT + _NONCE)
        plain, nonce = fresh[:SALT] + orjson.dumps(details, option=orjson.OPT_SORT_KEYS), fresh[SALT:]
        return commitment_of(plain), Sealed(self.pseudonym, nonce, self.vault.encrypt(nonce, plain, self.pseudonym))

    def open(self, sealed: Sealed) -> bytes:
        """Open sealed details: 32 bytes of salt, then JSON. Raises SealBroken."""
        try:
            return self.vault.decrypt(sealed.nonce, sealed.ciphertext, self.pseudonym)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("sealed details do not open with the subject's key") from error


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as it is stored: wrapped under a slot."""

    lookup: bytes
    pseudonym: bytes
    key_id: UUID
    slot: int
    wrapped: bytes


def commitment_of(plain: bytes) -> str:
    """The commitment to salt and canonical details: SHA-256 over the tag and both, in hex."""
    return hashlib.sha256(TAG + plain).hexdigest()


def create(identity: Identity, *, slot: int, secret: bytes, seal: Seal) -> tuple[Wrapped, Subject]:
    """Create a data key for an identity. Returns it wrapped under a slot, and open."""
    key, key_id, nonce = AESGCM.generate_key(_KEY * 8), uuid4(), secrets.token_bytes(_NONCE)
    wrapped = nonce + AESGCM(_wrapping(secret, key_id, seal)).encrypt(nonce, key, key_id.bytes)
    pseudonym = hmac.digest(_derived(key, b"pseudonym"), identity.octets, "sha256")
    return Wrapped(identity.lookup(seal), pseudonym, key_id, slot, wrapped), _subject(pseudonym, key)


def unwrap(row: Wrapped, *, secret: bytes, seal: Seal) -> Subject:
    """The subject of a wrapped key. Raises KeyUnusable."""
    try:
        key = AESGCM(_wrapping(secret, row.key_id, seal)).decrypt(
            row.wrapped[:_NONCE], row.wrapped[_NONCE:], row.key_id.bytes
        )
    except (InvalidTag, ValueError) as error:
        raise KeyUnusable("a subject's key does not open with its slot and this seal") from error
    return _subject(row.pseudonym, key)


def _subject(pseudonym: bytes, key: bytes) -> Subject:
    return Subject(pseudonym, AESGCM(_derived(key, b"details")))


def _wrapping(secret: bytes, key_id: UUID, seal: Seal) -> bytes:
    salt = seal.derive("wrapping of subjects' keys")
    return HKDF(algorithm=SHA256(), length=_KEY, salt=salt, info=key_id.bytes).derive(secret)


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=b"subject: " + purpose).derive(key)
