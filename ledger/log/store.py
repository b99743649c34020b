"""Appending to the ledger in PostgreSQL, ordered by one locked row.

An append is the last statement of its transaction. One function of the database locks `ledger_head`, splices each body
behind its predecessor's hash, writes the leaves and moves the head. The transaction's other changes commit together
with its entries, or not at all.

The *fence* is a counter in the same row. A transaction that changes what decisions rest on advances it, and a
submission can demand the fence of its decision. Both happen under the head's lock, so no entry that rests on a fact can
follow the entry that ended the fact.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from typing import NamedTuple

import asyncpg

from ledger.billing.accounts import OVERHEAD
from ledger.format import entry
from ledger.log.head import HALTED, Halted


class Nonce(NamedTuple):
    """A value that may be used once, as 32 bytes, and until `expires_at` by the database's clock."""

    token: bytes
    expires_at: datetime

    @classmethod
    def of(cls, *parts: str, expires_at: datetime) -> "Nonce":
        """The nonce for some strings: their hash, which has a fixed length and does not store them."""
        return cls(hashlib.sha256("\0".join(parts).encode()).digest(), expires_at)


class Sealed(NamedTuple):
    """Details about a subject that an entry only commits to: AES-256-GCM under the subject's key, by its pseudonym."""

    subject: bytes
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class People:
    """The people in an answer, kept beside its entry: what ledger.format.members commits to, and how many rows were withheld.

    `key` is the commitment's seed, sealed. `bits` is the bitmap of their numbers, and `buckets` the commitment's buckets; None
    where the entry has no such commitment. `size` is that of pieces, in former entries (ledger.format.people). `withheld` is
    None where no row could be.
    """

    key: bytes
    size: int | None = None
    bits: bytes | None = None
    withheld: int | None = None
    buckets: int | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One entry to append: its canonical body, its conditions, and what is kept beside it.

    The conditions are a nonce, a fence, and for each scope of consents the epoch that the answer rests on. `account` is the
    id of the agreement to which the entry is billed; its body has members, and no account (see ledger.billing.accounts).

    Raises entry.EntryTooLarge on construction, so that one submission cannot fail its whole batch.
    """

    body: bytes
    nonce: Nonce | None = None
    fence: int | None = None
    sealed: tuple[Sealed, ...] = ()
    epochs: tuple[tuple[int, int], ...] = ()
    people: People | None = None
    account: str | None = None

    def __post_init__(self) -> None:
        """See entry.check_body."""
        entry.check_body(self.body, spare=0 if self.account is None else OVERHEAD)


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


class EpochMoved(Refused):
    """Consents that the submission rests on have ended; look again whose rows may be delivered."""


Outcome = int | Refused

# RETURNING reads the clock after the row is inserted: had the nonce been used and forgotten, its expiry would be past.
_USE_NONCE = (
    "INSERT INTO ledger_once (token, expires_at) VALUES ($1, $2) "
    "ON CONFLICT DO NOTHING RETURNING expires_at > clock_timestamp()"
)
_MARGIN = timedelta(minutes=5)  # how far the database's clock may be set back, as by a standby's that takes over
_FORGET = "DELETE FROM ledger_once WHERE expires_at < clock_timestamp() - $1::interval"
_CALL = "$1::bytea[], $2::timestamptz[], $3::bytea[], $4::bigint[], $5::boolean"
_EPOCHS = ("integer", "bigint", "integer")
# What is kept beside the entries that were appended: table, columns behind `seq`, their types.
_BESIDE = {
    "sealed": ("ledger_sealed", "subject, nonce, ciphertext", ("bytea", "bytea", "bytea")),
    "people": (
        "ledger_people",
        "key, size, withheld, width, bits, buckets",
        ("bytea", "integer", "bigint", "integer", "bytea", "integer"),
    ),
    "person": ("ledger_person", "number", ("integer",)),
}
_REPLAYED, _EXPIRED, _MOVED = -1, -3, -4
_FILLED = re.compile(rb"[^\0]", re.DOTALL)
_FEW = 256  # bytes of a bitmap for each person that is a row instead


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

    Returns, in order, each submission's index or why it was refused. One function of the database (migration 0046) uses
    up the nonces, locks the head, compares fence and epochs, and splices each body behind its predecessor's hash. So the
    lock is held while the database works and commits, but never while a process that shares the machine waits for its
    turn. The same statement writes what is kept beside the entries. Raises head.Halted.
    """
    epochs: list[tuple[object, ...]] = [
        (scope, epoch, place) for place, submission in enumerate(submissions, 1) for scope, epoch in submission.epochs
    ]
    accounts = [submission.account for submission in submissions]
    has_accounts = any(accounts)
    beside = {name: rows for name, rows in _rows_beside(submissions).items() if rows}
    try:
        row = await connection.fetchrow(
            _compose(tuple(beside), has_epochs=bool(epochs), has_accounts=has_accounts),
            [each.nonce.token if each.nonce else None for each in submissions],
            [each.nonce.expires_at if each.nonce else None for each in submissions],
            [each.body for each in submissions],
            [each.fence for each in submissions],
            advance_fence,
            *(list(column) for column in zip(*epochs, strict=True)),
            *([accounts] if has_accounts else ()),
            *(list(column) for rows in beside.values() for column in zip(*rows, strict=True)),
        )
    except asyncpg.PostgresError as error:
        if error.sqlstate == HALTED:
            raise Halted(str(error)) from error
        raise
    fence: int = row["fence"]
    return [_outcome(number, fence) for number in row["outcomes"]]


@cache
def _compose(beside: tuple[str, ...], *, has_epochs: bool, has_accounts: bool) -> str:
    """The statement that appends, and writes what is kept beside. A function that writes runs once in a statement."""
    numbers = count(6)
    further = [f"${next(numbers)}::{kind}[]" for kind in _EPOCHS if has_epochs]
    further += [f"accounts => ${next(numbers)}::uuid[]"] if has_accounts else []
    call = ", ".join([_CALL, *further])
    appended = f"SELECT outcomes, fence FROM ledger_append({call})"  # noqa: S608 - constants
    if not beside:
        return appended
    parts = [f"appended AS ({appended})"]
    for name in beside:
        table, columns, kinds = _BESIDE[name]
        arrays = ", ".join(f"${next(numbers)}::{kind}[]" for kind in ("integer", *kinds))
        given = ", ".join(f"given.{column}" for column in columns.split(", "))
        parts.append(
            f"{name} AS (INSERT INTO {table} (seq, {columns}) "  # noqa: S608 - constants
            f"SELECT appended.outcomes[given.place], {given} FROM appended, unnest({arrays}) AS given (place, {columns}) "
            "WHERE appended.outcomes[given.place] >= 0)"
        )
    return f"WITH {', '.join(parts)} SELECT outcomes, fence FROM appended"  # noqa: S608 - constants


def _rows_beside(submissions: Sequence[Submission]) -> dict[str, list[tuple[object, ...]]]:
    """The rows kept beside entries by the name of their table, each behind the place of its submission, from 1."""
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in _BESIDE}
    for place, submission in enumerate(submissions, 1):
        rows["sealed"] += [(place, sealed.subject, sealed.nonce, sealed.ciphertext) for sealed in submission.sealed]
        people = submission.people
        if people is None:
            continue
        bits, width = people.bits, len(people.bits) if people.bits is not None else None
        if bits is not None and int.from_bytes(bits).bit_count() * _FEW <= len(bits):
            rows["person"] += [(place, number) for number in numbers_in(bits)]
            bits = None
        rows["people"].append((place, people.key, people.size, people.withheld, width, bits, people.buckets))
    return rows


def numbers_in(bits: bytes) -> list[int]:
    """The numbers whose bits are set in a bitmap, ascending; quick where they are few."""
    return [
        8 * octet.start() + place for octet in _FILLED.finditer(bits) for place in range(8) if octet[0][0] >> place & 1
    ]


def _outcome(number: int, fence: int) -> Outcome:
    if number >= 0:
        return number
    if number == _REPLAYED:
        return Replayed()
    if number == _MOVED:
        return EpochMoved()
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
