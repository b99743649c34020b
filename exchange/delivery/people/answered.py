"""The set of people in an answer: collected by number, committed to in the entry, and kept beside it."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from exchange.kernel.commitments import commitment
from exchange.kernel.keys.sealing import Seal
from exchange.subjects.numbering.answers import PEOPLE
from exchange.subjects.numbering.tokens import Tokens
from ledger.format import members, people
from ledger.log.store import People

BUCKETS_OF_A_PAGE: Final = 64
MOST_BUCKETS_OF_A_STREAM: Final = 4096
_KEY = 32
_SALT = 16
_PENDING = 1_000_000  # numbers that are held before they are merged


class AnsweredPeople:
    """Collects the people of a stream, in memory that depends on how many people there are, not rows.

    At most `pending` numbers wait to be merged.
    """

    def __init__(self, *, pending: int = _PENDING) -> None:
        self._most = pending
        self._bits = 0
        self._width = 0
        self._pending: list[Any] = []
        self._count = 0

    def add(self, numbers: Any) -> None:
        """Add the people of rows, by number (int32); nobody is -1 or missing."""
        self._pending.append(numbers)
        self._count += len(numbers)
        if self._count >= self._most:
            self._merge()

    def bits(self) -> bytes:
        """The bitmap of everybody added."""
        self._merge()
        return self._bits.to_bytes(self._width, "little")

    def _merge(self) -> None:
        if not self._pending:
            return
        numbers: Any = pc.unique(pa.concat_arrays(self._pending))
        numbers = numbers.filter(pc.greater_equal(numbers, pa.scalar(0)))
        self._pending, self._count = [], 0
        bits = bitmap_of(numbers)
        self._width = max(self._width, len(bits))
        self._bits |= int.from_bytes(bits, "little")


def bitmap_of(numbers: Any) -> bytes:
    """The bitmap of different numbers, an int32 array without missing ones."""
    if not len(numbers):
        return b""
    size: int = pc.max(numbers).as_py() + 1
    # Arrow keeps which positions of the inverse are filled as a bitmap, the lowest bit first.
    inverse = pc.inverse_permutation(numbers, max_index=size - 1)  # type: ignore[attr-defined]  # newer than the stubs
    bits = bytearray(inverse.is_valid().buffers()[1][: (size + 7) // 8])
    if size % 8:
        bits[-1] &= (1 << size % 8) - 1
    return bytes(bits)


def bitmap_of_few(numbers: Iterable[int], *, newest: int) -> bytes:
    """The bitmap of a few numbers, as wide as the newest number needs."""
    bits = bytearray((newest >> 3) + 1)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def beside(
    bits: bytes | None, *, withheld: int | None, buckets: int, seal: Seal, numbers: Sequence[int] | None = None
) -> tuple[dict[str, Any], People]:
    """The fields of the entry about the people in an answer, and what is kept beside it.

    `bits` is None for an entry without a commitment. `numbers` are the same people where they are few. The number of
    `buckets` must not depend on whom the answer is about.
    """
    key = secrets.token_bytes(_KEY)
    fields: dict[str, Any] = {}
    if bits is not None:
        groups = Tokens(seal).groups(bits if numbers is None else numbers, key=members.key_of(key), buckets=buckets)
        made = members.commit(groups, seed=key, buckets=buckets)
        fields["members"] = {"root": made.root.hex(), "token_key": made.key.hex(), "buckets": made.buckets}
    if withheld is not None:
        fields["withheld"] = commitment(withheld, salt=salt_of(key))
    kept = None if bits is None else buckets
    return fields, People(seal.close(key, name=PEOPLE), None, bits, withheld, kept)


def salt_of(key: bytes) -> str:
    """The salt of the number of withheld rows, in hex: it follows from the key of the answer's people."""
    return people.side_salt(key)[:_SALT].hex()


def spans(first: Mapping[int, int], last: Mapping[int, int]) -> list[dict[str, int]]:
    """Scopes with their epochs at the first and at the last row, as entries hold them."""
    return [{"scope": scope, "first": first[scope], "last": last[scope]} for scope in sorted(first)]
