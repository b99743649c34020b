"""The commitment to the members of an answer: the people whom its rows are about, opened to one person at a time.

The exchange gives each person a secret of 16 bytes. In an answer, the person's token is the secret, encrypted under the
answer's key (AES-256) and combined with itself by XOR, which nobody can turn back. The entry has this key. Tokens are put
into buckets by their first bits, and each bucket, with its index and a salt of its own, is a leaf of an RFC 6962 tree. The
entry has the root and the number of buckets, which does not depend on who is in the answer.

To show one person whether they were in the answer, the exchange opens the bucket of the person's token. The person computes
the token from the secret, and looks. The other tokens of the bucket are about nobody for whoever lacks the secrets of others,
and none of them appears in another answer.

The secret of a person is fixed on the ledger by its digest when the person binds an identifier. That it was the same before
is a statement of the exchange (docs/decisions/openings-for-one-person.md).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ledger.format import merkle

SECRET: Final = 16
"""Bytes of a person's secret, and of a token."""

KEY: Final = 32
MOST_BUCKETS: Final = 1 << 16
_SALT = 32
_TAG: Final = b"data-exchange/members-of-an-answer/1\n"
_SECRET_TAG: Final = b"data-exchange/secret-of-a-person/1\n"

ProofError = merkle.ProofError


@dataclass(frozen=True, slots=True)
class Commitment:
    """What an entry holds: the root (32 bytes), the key of the tokens (32 bytes), and the number of buckets, a power of two."""

    root: bytes
    key: bytes
    buckets: int

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Commitment":
        """Read the part `members` of an entry. Raises ProofError for another form."""
        try:
            read = cls(bytes.fromhex(document["root"]), bytes.fromhex(document["token_key"]), document["buckets"])
        except (KeyError, TypeError, ValueError) as error:
            raise ProofError("a commitment to members has root, token_key and buckets") from error
        if type(read.buckets) is not int or len(read.key) != KEY or not is_bucket_count(read.buckets):
            raise ProofError("a commitment to members has a key of 32 bytes, and a power of two of buckets")
        return read


@dataclass(frozen=True, slots=True)
class Opening:
    """One bucket, opened: its salt, its tokens one behind the other, and the hashes from its leaf's sibling upwards."""

    salt: bytes
    tokens: bytes
    path: tuple[bytes, ...]

    def to_json(self) -> dict[str, Any]:
        """The opening as JSON; bytes are in hex."""
        return {"salt": self.salt.hex(), "tokens": self.tokens.hex(), "path": [sibling.hex() for sibling in self.path]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Opening":
        """Read an opening. Raises ProofError for another form."""
        try:
            if document.keys() != {"salt", "tokens", "path"}:
                raise ProofError("an opening has salt, tokens and path")
            path = tuple(bytes.fromhex(sibling) for sibling in document["path"])
            return cls(bytes.fromhex(document["salt"]), bytes.fromhex(document["tokens"]), path)
        except (TypeError, ValueError, AttributeError) as error:
            raise ProofError("an opening has salt, tokens and path, in hex") from error


def is_bucket_count(count: int) -> bool:
    """Whether a tree can have so many buckets: a power of two up to 65,536."""
    return 1 <= count <= MOST_BUCKETS and not count & (count - 1)


def tokens_of(secrets: bytes, key: bytes) -> bytes:
    """The tokens of people in an answer, from their secrets one behind the other: 16 bytes for each."""
    # Each block is hashed by itself (Matyas, Meyer, Oseas), so there is no mode of operation.
    encrypted = Cipher(algorithms.AES256(key), modes.ECB()).encryptor().update(secrets)  # noqa: S305
    combined = int.from_bytes(encrypted, "big") ^ int.from_bytes(secrets, "big")
    return combined.to_bytes(len(secrets), "big")


def bucket_of(token: bytes, buckets: int) -> int:
    """The index of a token's bucket: its first bits."""
    return int.from_bytes(token[:2], "big") * buckets >> 16


def digest_of_secret(secret: bytes) -> str:
    """What the ledger has of a person's secret, hex."""
    return hashlib.sha256(_SECRET_TAG + secret).hexdigest()


def key_of(seed: bytes) -> bytes:
    """The key of an answer's tokens, from the seed that the exchange keeps; the entry has it."""
    return hashlib.shake_256(_TAG + b"key\n" + seed).digest(KEY)


def commit(groups: Iterable[bytes], *, seed: bytes, buckets: int) -> Commitment:
    """Commit to tokens under a seed of 32 random bytes, which is used once.

    `groups` are the tokens of each bucket, ascending, one behind the other.
    """
    return Commitment(merkle.root(_leaves(groups, seed, buckets)), key_of(seed), buckets)


def open_bucket(groups: Iterable[bytes], *, seed: bytes, buckets: int, index: int) -> Opening:
    """Open one bucket."""
    opened, leaves = b"", []
    salts = _salts(seed, buckets)
    for place, tokens in enumerate(groups):
        if place == index:
            opened = tokens
        leaves.append(_leaf(place, salts[place * _SALT : (place + 1) * _SALT], tokens))
    path = tuple(merkle.root(leaves[begin:end]) for begin, end in merkle.inclusion_spans(index, len(leaves)))
    return Opening(salts[index * _SALT : (index + 1) * _SALT], opened, path)


def is_in(secret: bytes, commitment: Commitment, opening: Opening) -> bool:
    """Whether the answer has a row about the person with this secret.

    Raises ProofError for an opening of another bucket, or one that does not lead to the root.
    """
    tokens = opening.tokens
    if len(secret) != SECRET or len(opening.salt) != _SALT or len(tokens) % SECRET:
        raise ProofError("the secret, the salt or a token has another length")
    token = tokens_of(secret, commitment.key)
    index = bucket_of(token, commitment.buckets)
    merkle.verify_inclusion(
        index=index,
        size=commitment.buckets,
        leaf=_leaf(index, opening.salt, tokens),
        proof=opening.path,
        root=commitment.root,
    )
    return any(tokens[at : at + SECRET] == token for at in range(0, len(tokens), SECRET))


def _leaves(groups: Iterable[bytes], seed: bytes, buckets: int) -> Iterable[bytes]:
    salts = _salts(seed, buckets)
    for place, tokens in enumerate(groups):
        yield _leaf(place, salts[place * _SALT : (place + 1) * _SALT], tokens)


def _salts(seed: bytes, buckets: int) -> bytes:
    return hashlib.shake_256(_TAG + b"salts\n" + seed).digest(_SALT * buckets)


def _leaf(index: int, salt: bytes, tokens: bytes) -> bytes:
    return merkle.leaf_hash(_TAG + index.to_bytes(8) + salt + tokens)
