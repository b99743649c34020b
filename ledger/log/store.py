"""Appending to the ledger in PostgreSQL, ordered by one locked row.

An append is the last statement of its transaction. One function of the database locks `ledger_head`, splices each body
behind its predecessor's hash, writes the leaves and moves the head. The transaction's other changes commit together
with its entries, or not at all.

The *fence* is a counter in the same row. A transaction that changes what decisions rest on advances it, and a
submission can demand the fence of its decision. Both happen under the head's lock, so no entry that rests on a fact can
follow the entry that ended the fact.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from ledger.format import entry
from ledger.log.head import HALTED, Halted


@dataclass(frozen=True, slots=True)
class Nonce:
    """A value that may be used once, as 32 bytes, and until `expires_at` by the database's clock."""

    token: bytes
    expires_at: datetime

    @classmethod
    def of(cls, *parts: str, expires_at: datetime) -> "Nonce":
        """The nonce for some strings: their hash, which has a fixed length and does not store them."""
        return cls(hashlib.sha256("\0".join(parts).encode()).digest(), expires_at)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Details about a subject that an entry only commits to: AES-256-GCM under the subject's key, by its pseudonym."""

    subject: bytes
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """One entry to append: its canonical body, its conditions (a nonce, a fence), and the details sealed beside it.

    Raises entry.EntryTooLarge on construction, so that one submission cannot fail its whole batch.
    """

    body: bytes
    nonce: Nonce | None = None
    fence: int | None = None
    sealed: tuple[Sealed, ...] = ()

    def __post_init__(self) -> None:
        """See entry.check_body."""
        entry.check_body(self.body)


class Refused(Exception):
    """A submission was not appended; the others of its batch were."""


class Replayed(Refused):
    """The submission's nonce was used before."""


class Expired(Refused):
    """The submission's nonce came after its expiry by the database's clock, however long it was valid elsewhere."""


class FenceMoved(Refused):
    """The facts behind the submission's decision have changed; decide again. `fence` is the present one."""

    def __init__(self, fence: int) -> None:
        super().__init__(f"the fence is {fence}")
        self.fence = fence


Outcome = int | Refused

# RETURNING reads the clock after the row is inserted: had the nonce been used and forgotten, its expiry would be past.
_USE_NONCE = (
    "INSERT INTO ledger_once (token, expires_at) VALUES ($1, $2) "
    "ON CONFLICT DO NOTHING RETURNING expires_at > clock_timestamp()"
)
_MARGIN = timedelta(minutes=5)  # how far the database's clock may be set back, as by a standby's that takes over
_FORGET = "DELETE FROM ledger_once WHERE expires_at < clock_timestamp() - $1::interval"
_APPEND = (
    "SELECT outcomes, fence FROM ledger_append($1::bytea[], $2::timestamptz[], $3::bytea[], $4::bigint[], $5::boolean)"
)
# The same, and the sealed details of the entries that were appended. A function that writes runs once in a statement.
_APPEND_SEALED = (
    f"WITH appended AS ({_APPEND}), beside AS ("  # noqa: S608 - constants
    "INSERT INTO ledger_sealed (seq, subject, nonce, ciphertext) "
    "SELECT appended.outcomes[given.place], given.subject, given.nonce, given.ciphertext FROM appended, "
    "unnest($6::integer[], $7::bytea[], $8::bytea[], $9::bytea[]) AS given (place, subject, nonce, ciphertext) "
    "WHERE appended.outcomes[given.place] >= 0"
    ") SELECT outcomes, fence FROM appended"
)
_REPLAYED, _EXPIRED = -1, -3


async def use_nonce(connection: asyncpg.Connection, nonce: Nonce) -> None:
    """Use up a nonce in the connection's transaction. Raises Replayed, Expired."""
    is_timely = await connection.fetchval(_USE_NONCE, nonce.token, nonce.expires_at)
    if is_timely is None:
        raise Replayed
    if not is_timely:
        raise Expired


async def append(
    connection: asyncpg.Connection, submissions: Sequence[Submission], *, advance_fence: bool = False
) -> list[Outcome]:
    """Append submissions, as the last statement of the connection's transaction or, without one, durably at once.

    Returns, in order, each submission's index or why it was refused. One function of the database (migration 0013) uses
    up the nonces, locks the head and splices each body behind its predecessor's hash. So the lock is held while the
    database works and commits, but never while a process that shares the machine waits for its turn. The same statement
    writes the sealed details. Raises head.Halted.
    """
    beside = [
        (ordinal, sealed.subject, sealed.nonce, sealed.ciphertext)
        for ordinal, submission in enumerate(submissions, 1)
        for sealed in submission.sealed
    ]
    try:
        row = await connection.fetchrow(
            _APPEND_SEALED if beside else _APPEND,
            [each.nonce.token if each.nonce else None for each in submissions],
            [each.nonce.expires_at if each.nonce else None for each in submissions],
            [each.body for each in submissions],
            [each.fence for each in submissions],
            advance_fence,
            *(list(column) for column in zip(*beside, strict=True)),
        )
    except asyncpg.PostgresError as error:
        if error.sqlstate == HALTED:
            raise Halted(str(error)) from error
        raise
    fence: int = row["fence"]
    return [_outcome(number, fence) for number in row["outcomes"]]


def _outcome(number: int, fence: int) -> Outcome:
    if number >= 0:
        return number
    if number == _REPLAYED:
        return Replayed()
    return Expired() if number == _EXPIRED else FenceMoved(fence)


async def read_leaves(connection: asyncpg.Connection, start: int, stop: int) -> list[bytes]:
    """The bytes of the entries with `start <= index < stop`."""
    rows = await connection.fetch(
        "SELECT leaf FROM ledger_entry WHERE seq >= $1 AND seq < $2 ORDER BY seq", start, stop
    )
    return [row["leaf"] for row in rows]


async def delete_expired_nonces(connection: asyncpg.Connection) -> None:
    """Delete the nonces whose expiry is past by the database's clock, and by a margin: they would be refused for that."""
    await connection.execute(_FORGET, _MARGIN)
