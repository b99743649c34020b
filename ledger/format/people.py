"""The commitment to the people in an answer: a salted Merkle tree over a bitmap of their numbers, in pieces.

Bit n (of byte n // 8, the lowest first) is set if the answer has a row about the person with number n. The bitmap is cut
into pieces of `size` people, the last one filled with zeros. A leaf is a piece with its index and a salt of its own; the
salts follow from a key that the exchange keeps. The entry has the root, `size` and the number of pieces. To show one
person whether they were in the answer, the exchange opens the one piece with the person's bit: its salt, its bits, and the
hashes beside its path. The other pieces stay hidden, since their salts do.

It does not prove which number is a person's: that is a statement of the exchange (docs/decisions/the-people-in-an-answer.md).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.format import merkle

PIECE: Final = 256
"""The fewest people in a piece."""

MOST_PIECES: Final = 1 << 16
SALT: Final = 32
_TAG: Final = b"data-exchange/people-in-an-answer/1\n"


@dataclass(frozen=True, slots=True)
class Commitment:
    """What an entry holds: the root (32 bytes), the number of people in a piece, and the number of pieces."""

    root: bytes
    size: int
    pieces: int


@dataclass(frozen=True, slots=True)
class Opening:
    """One piece, opened: its index, salt and bits, and the hashes from its leaf's sibling upwards."""

    index: int
    salt: bytes
    bits: bytes
    path: tuple[bytes, ...]

    def to_json(self) -> dict[str, Any]:
        """The opening as JSON; bytes are in hex."""
        return {
            "index": self.index,
            "salt": self.salt.hex(),
            "bits": self.bits.hex(),
            "path": [sibling.hex() for sibling in self.path],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Opening":
        """Read an opening. Raises ProofError for another form."""
        try:
            if document.keys() != {"index", "salt", "bits", "path"} or type(document["index"]) is not int:
                raise ProofError("an opening has index, salt, bits and path")
            path = tuple(bytes.fromhex(sibling) for sibling in document["path"])
            return cls(document["index"], bytes.fromhex(document["salt"]), bytes.fromhex(document["bits"]), path)
        except (TypeError, ValueError, AttributeError) as error:
            raise ProofError("an opening has index, salt, bits and path, in hex") from error


ProofError = merkle.ProofError


def piece_size(people: int, *, most: int = MOST_PIECES) -> int:
    """The number of people in a piece, a power of two, so that so many people make at most `most` pieces."""
    size = PIECE
    while people > size * most:
        size *= 2
    return size


def commit(bits: bytes, *, key: bytes, size: int) -> Commitment:
    """Commit to a bitmap under a key of 32 random bytes, which is used once. An empty bitmap has one piece."""
    leaves = list(_leaves(bits, key=key, size=size))
    return Commitment(merkle.root(leaves), size, len(leaves))


def open_piece(bits: bytes, *, key: bytes, size: int, number: int) -> Opening:
    """Open the piece with a person's bit. Raises ValueError for a number beyond the pieces."""
    leaves = list(_leaves(bits, key=key, size=size))
    index = number // size
    if not 0 <= index < len(leaves):
        raise ValueError("the number is beyond the pieces: the person had none when the answer was given")
    path = tuple(merkle.root(leaves[begin:end]) for begin, end in merkle.inclusion_spans(index, len(leaves)))
    return Opening(index, _salts(key, len(leaves))[index * SALT : (index + 1) * SALT], _piece(bits, size, index), path)


def is_in(number: int, commitment: Commitment, opening: Opening | None) -> bool:
    """Whether the answer has a row about the person with this number, by an opening of its piece.

    A number beyond the pieces is in no answer, and needs no opening. Raises ProofError for an opening of another piece,
    or one that does not lead to the root.
    """
    size, pieces = commitment.size, commitment.pieces
    if number < 0 or size < PIECE or size & (size - 1) or pieces < 1:
        raise ProofError("a number is not negative, and pieces are of a power of two of people")
    if number >= size * pieces:
        return False
    if opening is None or opening.index != number // size:
        raise ProofError("this is not the opening of the piece with the number")
    if len(opening.salt) != SALT or len(opening.bits) != size // 8:
        raise ProofError("the piece or its salt has another length")
    merkle.verify_inclusion(
        index=opening.index,
        size=pieces,
        leaf=_leaf(opening.index, opening.salt, opening.bits),
        proof=opening.path,
        root=commitment.root,
    )
    place = number % size
    return bool(opening.bits[place // 8] >> place % 8 & 1)


def side_salt(key: bytes) -> bytes:
    """32 bytes for another commitment beside this one, which tell nothing of the salts."""
    return hashlib.shake_256(_TAG + b"beside\n" + key).digest(SALT)


def _leaves(bits: bytes, *, key: bytes, size: int) -> Iterator[bytes]:
    pieces = max(1, -(-len(bits) * 8 // size))
    salts = _salts(key, pieces)
    for index in range(pieces):
        yield _leaf(index, salts[index * SALT : (index + 1) * SALT], _piece(bits, size, index))


def _salts(key: bytes, pieces: int) -> bytes:
    """The salts of all pieces, one behind the other: SHAKE256 over tag and key (FIPS 202)."""
    return hashlib.shake_256(_TAG + key).digest(SALT * pieces)


def _piece(bits: bytes, size: int, index: int) -> bytes:
    width = size // 8
    return bits[index * width : (index + 1) * width].ljust(width, b"\0")


def _leaf(index: int, salt: bytes, bits: bytes) -> bytes:
    return merkle.leaf_hash(_TAG + index.to_bytes(8) + salt + bits)
