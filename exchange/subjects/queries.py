"""Every statement about keys of subjects, erasures, holds, and details that are sealed beside entries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Select, any_, delete, func, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.kernel.database import Connection, driver
from exchange.kernel.keys.slots import BLOCK
from exchange.kernel.problems import NotFound
from exchange.kernel.queries import former_ledgers
from exchange.subjects.cipher import Wrapped
from exchange.subjects.models import Erasure, Hold, Subject, SubjectNumber
from ledger.log.store import Sealed
from ledger.log.tables import entry, sealed

_COLUMNS = "lookup, pseudonym, key_id, slot, wrapped"
_FIND = f"SELECT {_COLUMNS} FROM subjects WHERE lookup = ANY($1::bytea[])"  # noqa: S608 - a constant
_ADD = (
    f"INSERT INTO subjects ({_COLUMNS}) "  # noqa: S608 - a constant
    "SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::uuid[], $4::bigint[], $5::bytea[]) "
    "ON CONFLICT DO NOTHING RETURNING lookup"
)
_BLOCKS = (
    "SELECT DISTINCT slot / $1 AS block FROM (SELECT slot FROM subjects "
    "UNION ALL SELECT slot FROM subject_erasures WHERE destroyed_at IS NULL) AS used"
)
# A piece of a bitmap is read without the rest of it: `bits` is stored uncompressed.
_ANSWERS = (
    "SELECT seq FROM (SELECT seq FROM ledger_person WHERE number = $1 AND seq > $2 UNION ALL "
    "SELECT seq FROM ledger_people WHERE seq > $2 AND width > $1 / 8 AND bits IS NOT NULL "
    "AND (get_byte(substr(bits, $1 / 8 + 1, 1), 0) >> ($1 % 8)) & 1 = 1) AS held ORDER BY seq LIMIT $3"
)
_PACKED = (
    "SELECT string_agg(substr(lookup, 1, 8), '' ORDER BY number) AS prefixes, "
    "string_agg(int4send(number), '' ORDER BY number) AS numbers "
    "FROM subject_numbers WHERE number >= $1 AND number < $2"
)
_ADD_NUMBERS = (
    "INSERT INTO subject_numbers (lookup) SELECT DISTINCT lookup FROM unnest($1::bytea[]) AS wanted (lookup) "
    "WHERE NOT EXISTS (SELECT FROM subject_numbers AS given WHERE given.lookup = wanted.lookup) "
    "ORDER BY lookup ON CONFLICT DO NOTHING"
)

# The delivery's path, on the driver's own connection ------------------------------------------------------------------


async def find(connection: Connection, lookups: Sequence[bytes]) -> list[Wrapped]:
    """The wrapped keys of identities, by their lookups; identities without a key are left out."""
    return [Wrapped(*row) for row in await connection.fetch(_FIND, lookups)]


async def take_slots(connection: Connection, count: int) -> list[int]:
    """Take slot numbers, which this database gives out once."""
    rows = await connection.fetch("SELECT nextval('subject_slots') FROM generate_series(1, $1)", count)
    return [row["nextval"] for row in rows]


async def add(connection: Connection, rows: Sequence[Wrapped]) -> set[bytes]:
    """Add wrapped keys, in order of their lookups; an identity with a key keeps it. Returns the lookups that were
    added.

    Call it outside a transaction: the keys have to be durable when it returns, since processes remember them and
    outlive a database that is killed.
    """
    ordered = sorted(rows, key=lambda row: row.lookup)
    columns = zip(*((row.lookup, row.pseudonym, row.key_id, row.slot, row.wrapped) for row in ordered), strict=True)
    return {row["lookup"] for row in await connection.fetch(_ADD, *(list(column) for column in columns))}


async def drop(connection: Connection, keys: Sequence[UUID]) -> None:
    """Remove wrapped keys whose slots are destroyed; an old copy of the database brings them back."""
    await connection.execute("DELETE FROM subjects WHERE key_id = ANY($1::uuid[])", keys)


async def blocks_in_use(connection: Connection) -> list[int]:
    """The blocks of slots that wrapped keys or unfinished erasures refer to."""
    rows = await connection.fetch(_BLOCKS, BLOCK)
    return [row["block"] for row in rows]


async def add_numbers(connection: Connection, lookups: Sequence[bytes]) -> None:
    """Give numbers to people who have none, in order of their lookups."""
    await connection.execute(_ADD_NUMBERS, lookups)


async def numbers(connection: Connection, lookups: Sequence[bytes]) -> dict[bytes, int]:
    """The numbers of people by their lookups; people without a number are left out."""
    rows = await connection.fetch("SELECT lookup, number FROM subject_numbers WHERE lookup = ANY($1::bytea[])", lookups)
    return {row["lookup"]: row["number"] for row in rows}


async def newest_number(connection: Connection) -> int:
    """The greatest number that anybody has; -1 where nobody has one."""
    return int(await connection.fetchval("SELECT coalesce(max(number), -1) FROM subject_numbers"))


async def packed_numbers(connection: Connection, begin: int, end: int) -> tuple[bytes, bytes]:
    """The people with `begin <= number < end`: the first 8 bytes of their lookups, and their numbers in 4 bytes each."""
    row = await connection.fetchrow(_PACKED, begin, end)
    return row["prefixes"] or b"", row["numbers"] or b""


async def answers_about(connection: Connection, number: int, *, after: int, limit: int) -> list[int]:
    """The entries above an index whose answers held a row about a person, by number, ascending."""
    rows = await connection.fetch(_ANSWERS, number, after, limit)
    return [row["seq"] for row in rows]


async def people_beside(connection: Connection, index: int) -> Mapping[str, Any] | None:
    """What is kept of the people in an answer beside its entry: key, size, width, bits, buckets."""
    row: Mapping[str, Any] | None = await connection.fetchrow(
        "SELECT key, size, width, bits, buckets FROM ledger_people WHERE seq = $1", index
    )
    return row


async def people_listed(connection: Connection, index: int) -> list[int]:
    """The numbers of the few people in an answer."""
    rows = await connection.fetch("SELECT number FROM ledger_person WHERE seq = $1", index)
    return [row["number"] for row in rows]


async def newest_erasure(connection: Connection) -> datetime | None:
    """When the newest erasure was executed."""
    erased_at: datetime | None = await connection.fetchval("SELECT max(erased_at) FROM subject_erasures")
    return erased_at


async def count_erasures(connection: Connection) -> int:
    """How many erasures have been executed."""
    return int(await connection.fetchval("SELECT count(*) FROM subject_erasures"))


# Reading --------------------------------------------------------------------------------------------------------------

_WRAPPED = select(Subject.lookup, Subject.pseudonym, Subject.key_id, Subject.slot, Subject.wrapped)


async def by_lookup(session: AsyncSession, lookup: bytes) -> Wrapped | None:
    """The wrapped key of an identity."""
    return await _wrapped(session, _WRAPPED.where(Subject.lookup == lookup))


async def by_pseudonym(session: AsyncSession, pseudonym: bytes) -> Wrapped | None:
    """The wrapped key behind a pseudonym."""
    return await _wrapped(session, _WRAPPED.where(Subject.pseudonym == pseudonym))


async def _wrapped(session: AsyncSession, statement: Select[bytes, bytes, UUID, int, bytes]) -> Wrapped | None:
    row = (await session.execute(statement)).one_or_none()
    return Wrapped(*row) if row is not None else None


async def number_of(session: AsyncSession, lookup: bytes) -> int | None:
    """A person's number, or None."""
    number: int | None = await session.scalar(select(SubjectNumber.number).where(SubjectNumber.lookup == lookup))
    return number


async def lookup_of(session: AsyncSession, number: int) -> bytes | None:
    """The look-up of the person with a number; None after an erasure."""
    lookup: bytes | None = await session.scalar(select(SubjectNumber.lookup).where(SubjectNumber.number == number))
    return lookup


async def leaf(session: AsyncSession, index: int) -> bytes | None:
    """An entry's bytes."""
    content: bytes | None = await session.scalar(select(entry.c.leaf).where(entry.c.seq == index))
    return content


async def details_at(session: AsyncSession, index: int) -> dict[bytes, Sealed]:
    """The details sealed beside an entry, by the subject's pseudonym."""
    statement = select(sealed.c.subject, sealed.c.nonce, sealed.c.ciphertext).where(sealed.c.seq == index)
    return {row.subject: Sealed(*row) for row in await session.execute(statement)}


async def details_about(
    session: AsyncSession, pseudonym: bytes, *, after: int, limit: int
) -> list[tuple[int, Sealed, bytes]]:
    """The details sealed about a subject, in order: index of the entry, details, bytes of the entry."""
    statement = (
        select(sealed.c.seq, sealed.c.subject, sealed.c.nonce, sealed.c.ciphertext, entry.c.leaf)
        .join(entry, entry.c.seq == sealed.c.seq)
        .where(sealed.c.subject == pseudonym, sealed.c.seq > after)
        .order_by(sealed.c.seq)
        .limit(limit)
    )
    rows = await session.execute(statement)
    return [(row.seq, Sealed(row.subject, row.nonce, row.ciphertext), row.leaf) for row in rows]


async def newest_about(session: AsyncSession, pseudonym: bytes) -> bytes | None:
    """The bytes of the newest entry with sealed details about a subject, former incarnations included."""
    index = await session.scalar(select(func.max(sealed.c.seq)).where(sealed.c.subject == pseudonym))
    if index is not None:
        return await leaf(session, index)
    for schema in await _former(session):
        content: bytes | None = await session.scalar(
            text(
                f"SELECT leaf FROM {schema}.ledger_entry WHERE seq = "  # noqa: S608 - a name of ours
                f"(SELECT max(seq) FROM {schema}.ledger_sealed WHERE subject = :subject)"
            ),
            {"subject": pseudonym},
        )
        if content is not None:
            return content
    return None


async def _former(session: AsyncSession) -> list[str]:
    """The schemas of former incarnations of the ledger, newest first."""
    return [f"ledger_{number}" for number in await former_ledgers(await driver(session), table="ledger_sealed")]


# Erasures and holds ---------------------------------------------------------------------------------------------------


async def destroy(session: AsyncSession, row: Wrapped) -> int:
    """Delete a subject's wrapped key, its lifted holds, and its sealed details; returns the number of details."""
    deleted = len(
        (await session.execute(delete(sealed).where(sealed.c.subject == row.pseudonym).returning(sealed.c.seq))).all()
    )
    for schema in await _former(session):
        statement = text(f"DELETE FROM {schema}.ledger_sealed WHERE subject = :subject RETURNING seq")  # noqa: S608 - as above
        deleted += len((await session.execute(statement, {"subject": row.pseudonym})).all())
    await session.execute(delete(Hold).where(Hold.pseudonym == row.pseudonym))
    await session.execute(delete(Subject).where(Subject.lookup == row.lookup))
    return deleted


async def delete_number(session: AsyncSession, lookup: bytes) -> None:
    """Delete a person's number: its bits in bitmaps then name nobody."""
    await session.execute(delete(SubjectNumber).where(SubjectNumber.lookup == lookup))


async def erasures(session: AsyncSession, pseudonyms: Collection[bytes]) -> dict[bytes, Erasure]:
    """The executed erasures of pseudonyms."""
    rows = await session.scalars(select(Erasure).where(Erasure.pseudonym.in_(pseudonyms)))
    return {row.pseudonym: row for row in rows}


async def erased_slots(session: AsyncSession, *, all_of_them: bool) -> list[int]:
    """The slots of erasures: those not yet recorded as destroyed, or all."""
    statement = select(Erasure.slot)
    if not all_of_them:
        statement = statement.where(Erasure.destroyed_at.is_(None))
    return list(await session.scalars(statement.order_by(Erasure.slot)))


async def mark_destroyed(session: AsyncSession, slots: Collection[int], now: datetime) -> None:
    """Record that slots are destroyed."""
    these = any_(literal(list(slots), ARRAY(BigInteger)))
    statement = update(Erasure).where(Erasure.slot == these, Erasure.destroyed_at.is_(None))
    await session.execute(statement.values(destroyed_at=now))


async def holds(session: AsyncSession, *, pseudonym: bytes | None = None, in_force: bool = True) -> Sequence[Hold]:
    """Holds, oldest first: those in force or all, of one subject or of everybody."""
    statement = select(Hold).order_by(Hold.placed_at, Hold.id)
    if pseudonym is not None:
        statement = statement.where(Hold.pseudonym == pseudonym)
    if in_force:
        statement = statement.where(Hold.lifted_at.is_(None))
    return (await session.scalars(statement)).all()


async def hold(session: AsyncSession, hold_id: UUID) -> Hold:
    """One hold. Raises NotFound."""
    row = await session.get(Hold, hold_id)
    if row is None:
        raise NotFound("There is no hold with this id.")
    return row
