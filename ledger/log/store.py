"""Appending to the ledger in PostgreSQL: every order there is comes from one locked row.

An append is the last thing its transaction does: it locks `ledger_head`, splices each body behind its predecessor's
hash, writes the leaves and moves the head, in one function of the database. Whatever else the transaction did becomes
true with its entries or not at all.

The *fence* is a counter in the same row. A transaction that changes what decisions rest on advances it; a submission
may demand that it still stands where its decision was made. Because both happen under the head's lock, no entry that
rests on a fact can follow the entry that ended it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from ledger.format import entry


@dataclass(frozen=True, slots=True)
class Once:
    """A token that may be used a single time; it is remembered until `expires_at`."""

    token: bytes
    expires_at: datetime

    @classmethod
    def of(cls, *parts: str, expires_at: datetime) -> "Once":
        """The token of some strings, hashed so that its length is fixed and the strings are not stored."""
        return cls(hashlib.sha256("\0".join(parts).encode()).digest(), expires_at)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Details about one subject, by its pseudonym, that an entry commits to and does not say: AES-256-GCM under its key."""

    subject: bytes
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """One entry to append: its canonical body, the conditions under which it may be, and what is sealed beside it.

    Raises entry.EntryTooLarge when it is made, so that it cannot take the others of its batch with it.
    """

    body: bytes
    once: Once | None = None
    fence: int | None = None
    sealed: tuple[Sealed, ...] = ()

    def __post_init__(self) -> None:
        """See entry.check_body."""
        entry.check_body(self.body)


class Refused(Exception):
    """A submission was not appended; the others of its batch were."""


class Replayed(Refused):
    """The submission's token has been used before."""


class FenceMoved(Refused):
    """What the submission's decision rests on has changed since; decide again. `fence` is where it stands now."""

    def __init__(self, fence: int) -> None:
        super().__init__(f"the fence stands at {fence}")
        self.fence = fence


class Halted(Exception):
    """Nothing is appended any more, since the ledger does not continue what was signed (see ledger.log.continuity)."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log, which incarnation of the ledger it is, and why nothing is appended where that is so."""

    size: int
    prev: bytes
    fence: int
    incarnation: int
    halted: str | None


Outcome = int | Refused

_TAKE = (
    "INSERT INTO ledger_once (token, expires_at) SELECT * FROM unnest($1::bytea[], $2::timestamptz[]) "
    "ON CONFLICT DO NOTHING RETURNING token"
)
_HEAD = "SELECT size, prev, fence, incarnation, halted FROM ledger_head WHERE id = 1"
_LOCK = f"{_HEAD} FOR UPDATE"
_APPEND = (
    "SELECT outcomes, fence FROM ledger_append($1::bytea[], $2::timestamptz[], $3::bytea[], $4::bigint[], $5::boolean)"
)
# The same, with what is sealed beside those entries that were appended; a function that writes runs once in a statement.
_APPEND_SEALED = (
    f"WITH appended AS ({_APPEND}), beside AS ("  # noqa: S608 - constants
    "INSERT INTO ledger_sealed (seq, subject, nonce, ciphertext) "
    "SELECT appended.outcomes[given.place], given.subject, given.nonce, given.ciphertext FROM appended, "
    "unnest($6::integer[], $7::bytea[], $8::bytea[], $9::bytea[]) AS given (place, subject, nonce, ciphertext) "
    "WHERE appended.outcomes[given.place] >= 0"
    ") SELECT outcomes, fence FROM appended"
)
_REPLAYED = -1
HALTED = "LG001"
"""The SQLSTATE with which the database refuses an entry while the ledger is halted."""


async def read_head(connection: asyncpg.Connection) -> Head:
    """The end of the log as the connection's snapshot sees it, unlocked."""
    return Head(**await connection.fetchrow(_HEAD))


async def lock_head(connection: asyncpg.Connection) -> Head:
    """Lock the end of the log in the connection's transaction: from here on nothing else is ordered before it.

    Take tokens first: whoever holds the head must not wait for a token. Raises Halted.
    """
    head = Head(**await connection.fetchrow(_LOCK))
    if head.halted is not None:
        raise Halted(head.halted)
    return head


async def take(connection: asyncpg.Connection, tokens: Sequence[Once]) -> set[bytes]:
    """Use tokens up, in the connection's transaction; returns those that had not been used before.

    They are taken in order of their bytes, so that two transactions that want the same ones cannot deadlock.
    """
    wanted = sorted({once.token: once.expires_at for once in tokens}.items())
    if not wanted:
        return set()
    rows = await connection.fetch(_TAKE, [token for token, _ in wanted], [expiry for _, expiry in wanted])
    return {row["token"] for row in rows}


async def append(
    connection: asyncpg.Connection, submissions: Sequence[Submission], *, advance_fence: bool = False
) -> list[Outcome]:
    """Append submissions, as the last statement of the connection's transaction or, without one, durably at once.

    Returns, in order, each submission's index or why it was refused. All of it happens in one function of the database
    (migration 0004): tokens are used up, the head is locked, each body is spliced behind its predecessor's hash. So the
    lock is held while the database works and commits, and never while a process that shares the machine waits its turn.
    What is sealed beside the entries is written by the same statement. Raises Halted.
    """
    beside = [
        (place, one.subject, one.nonce, one.ciphertext)
        for place, submission in enumerate(submissions, 1)
        for one in submission.sealed
    ]
    try:
        row = await connection.fetchrow(
            _APPEND_SEALED if beside else _APPEND,
            [one.once.token if one.once else None for one in submissions],
            [one.once.expires_at if one.once else None for one in submissions],
            [one.body for one in submissions],
            [one.fence for one in submissions],
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
    return Replayed() if number == _REPLAYED else FenceMoved(fence)


async def read_leaves(connection: asyncpg.Connection, start: int, stop: int) -> list[bytes]:
    """The entries with `start <= index < stop`, as the bytes that were hashed."""
    rows = await connection.fetch(
        "SELECT leaf FROM ledger_entry WHERE seq >= $1 AND seq < $2 ORDER BY seq", start, stop
    )
    return [row["leaf"] for row in rows]


async def forget_expired(connection: asyncpg.Connection, now: datetime) -> None:
    """Drop the tokens that could no longer be accepted."""
    await connection.execute("DELETE FROM ledger_once WHERE expires_at < $1", now)
