"""The tokens of people in answers: from their numbers, in batches, and by bucket, as the ledger's entry commits to them.

The secret of a person is the number, encrypted under a key that follows from the exchange's seal: it is kept nowhere, and
with the number's row an erasure takes the way from the person to it. See ledger.format.members.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from exchange.kernel.keys.sealing import Seal
from ledger.format import members

_SECRETS: Final = "the secrets of people in answers"
_AT_ONCE: Final = 1 << 20
"""The tokens that are held at once; more people take more passes over the bitmap."""

_BITS: Final = 128


class Tokens:
    """Makes the tokens of people under the exchange's seal; at most about `at_once` of them are in memory."""

    def __init__(self, seal: Seal, *, at_once: int = _AT_ONCE) -> None:
        self._key = seal.derive(_SECRETS)
        self._at_once = at_once

    def secret(self, number: int) -> bytes:
        """The secret of the person with a number: 16 bytes."""
        return self._secrets(number.to_bytes(members.SECRET, "little"))

    def groups(self, people: bytes | Sequence[int], *, key: bytes, buckets: int) -> Iterator[bytes]:
        """The tokens of each bucket, ascending, one behind the other, of people by number: a bitmap, or different numbers."""
        passes = 1
        count = int.from_bytes(people).bit_count() if isinstance(people, bytes) else len(people)
        while passes < buckets and passes * self._at_once < count:
            passes *= 2
        for turn in range(passes):
            ordered = self._within(people, key, turn, passes)
            counts = _counts(ordered, buckets)
            place = 0
            for bucket in range(buckets * turn // passes, buckets * (turn + 1) // passes):
                begin, place = place, place + members.SECRET * counts[bucket]
                yield ordered[begin:place]

    def _within(self, people: bytes | Sequence[int], key: bytes, turn: int, passes: int) -> bytes:
        """The tokens whose first bits are those of a turn of so many passes, ascending."""
        chunks: list[Any] = []
        for numbers in self._numbers(people):
            # A decimal of 128 bits is the number in 16 bytes, the lowest first.
            blocks = numbers.cast(pa.decimal128(19)).buffers()[1].to_pybytes()[: members.SECRET * len(numbers)]
            made = members.tokens_of(self._secrets(blocks), key)
            chunk: Any = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(members.SECRET), len(numbers), [None, pa.py_buffer(made)]
            )
            chunks.append(chunk if passes == 1 else chunk.filter(_is_within(chunk, turn, passes)))
        if not chunks:
            return b""
        tokens: Any = pa.concat_arrays(chunks)
        ordered: bytes = tokens.take(pc.sort_indices(tokens)).buffers()[1].to_pybytes()
        return ordered[: members.SECRET * len(tokens)]

    def _numbers(self, people: bytes | Sequence[int]) -> Iterator[Any]:
        """The numbers in chunks, arrays of int64 of at most `at_once`; none is empty."""
        step = max(8, self._at_once - self._at_once % 8)
        for at in range(0, 8 * len(people) if isinstance(people, bytes) else len(people), step):
            if isinstance(people, bytes):
                octets = people[at // 8 : (at + step) // 8]
                mask = pa.BooleanArray.from_buffers(pa.bool_(), 8 * len(octets), [None, pa.py_buffer(octets)])
                numbers: Any = pc.indices_nonzero(mask).cast(pa.int64())
                numbers = pc.add(numbers, pa.scalar(at, pa.int64()))
            else:
                numbers = pa.array(people[at : at + step], pa.int64())
            if len(numbers):
                yield numbers

    def _secrets(self, blocks: bytes) -> bytes:
        # A permutation of single blocks, so there is no mode of operation.
        return Cipher(algorithms.AES256(self._key), modes.ECB()).encryptor().update(blocks)  # noqa: S305


def bucket_count(people: int, *, most: int) -> int:
    """The number of buckets where so many people have numbers: about 64 in each if all were in the answer."""
    count = 16
    while count < most and count * 64 < people:
        count *= 2
    return count


def _is_within(tokens: Any, turn: int, passes: int) -> Any:
    low = pa.scalar(((turn << _BITS) // passes).to_bytes(members.SECRET, "big"), tokens.type)
    inside: Any = pc.greater_equal(tokens, low)
    if turn + 1 < passes:
        high = pa.scalar(((turn + 1 << _BITS) // passes).to_bytes(members.SECRET, "big"), tokens.type)
        inside = pc.and_(inside, pc.less(tokens, high))
    return inside


def _counts(ordered: bytes, buckets: int) -> list[int]:
    """How many of the tokens are in each bucket, by their first two bytes (members.bucket_of)."""
    counts = [0] * buckets
    firsts = bytearray(2 * (len(ordered) // members.SECRET))
    firsts[0::2], firsts[1::2] = ordered[1 :: members.SECRET], ordered[0 :: members.SECRET]
    values = pa.Array.from_buffers(pa.uint16(), len(firsts) // 2, [None, pa.py_buffer(firsts)])
    counted: Any = pc.value_counts(values)
    for first, count in zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True):
        counts[first * buckets >> 16] += count
    return counts
