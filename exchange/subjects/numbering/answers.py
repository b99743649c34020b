"""The answers that held a row about a person: found by number, and shown to that person alone.

What is kept beside the entries tells it. Each is confirmed by opening the entry's commitment for the one person
(ledger.format.members; in former entries ledger.format.people), which the person can check without the exchange.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from exchange.kernel.database import Connection
from exchange.kernel.keys.sealing import Seal
from exchange.subjects import queries
from exchange.subjects.numbering.tokens import Tokens
from ledger.format import members, people

PEOPLE = "the people in an answer"
"""The name under which the seed of a commitment is sealed."""

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """The proof that a person is in an answer, or is not: the person's secret, and the opening of their bucket."""

    entry: int
    secret: bytes
    opening: members.Opening


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """The proof by a former entry: the person's number, and the opening of its piece.

    `opening` is None for a person whose number is beyond the pieces: they had none when the answer was given.
    """

    entry: int
    number: int
    opening: people.Opening | None


async def entries_about(connection: Connection, number: int, *, after: int = -1) -> AsyncIterator[int]:
    """The indexes of the entries, above `after` and ascending, whose answers held a row about the person with a number.

    Only entries with a commitment to people are known; a question that named the person is found by the pseudonym.
    """
    while True:
        indexes = await queries.answers_about(connection, number, after=after, limit=_PAGE)
        for index in indexes:
            yield index
        if len(indexes) < _PAGE:
            return
        after = indexes[-1]


async def show(connection: Connection, seal: Seal, *, entry: int, number: int) -> Shown | ShownPiece | None:
    """The proof for a person by an entry; None for an entry without a commitment to people. Raises SealBroken."""
    row = await queries.people_beside(connection, entry)
    if row is None or row["width"] is None:
        return None
    bits = row["bits"]
    if bits is None:
        bits = _bitmap(await queries.people_listed(connection, entry), row["width"])
    key = seal.open(row["key"], name=PEOPLE)
    if row["buckets"] is not None:
        return await asyncio.to_thread(_open, seal, entry, number, bits, key, row["buckets"])
    size: int = row["size"]
    if number >= size * max(1, -(-8 * len(bits) // size)):
        return ShownPiece(entry, number, None)
    opening = await asyncio.to_thread(people.open_piece, bits, key=key, size=size, number=number)
    return ShownPiece(entry, number, opening)


def _open(seal: Seal, entry: int, number: int, bits: bytes, seed: bytes, buckets: int) -> Shown:
    tokens, key = Tokens(seal), members.key_of(seed)
    secret = tokens.secret(number)
    index = members.bucket_of(members.tokens_of(secret, key), buckets)
    groups = tokens.groups(bits, key=key, buckets=buckets)
    return Shown(entry, secret, members.open_bucket(groups, seed=seed, buckets=buckets, index=index))


def _bitmap(numbers: list[int], width: int) -> bytes:
    bits = bytearray(width)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)
