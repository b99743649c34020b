"""Every statement about subjects' keys, erasures, holds, and what is sealed beside the entries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Select, any_, delete, func, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.kernel.database import Connection
from exchange.kernel.keys.slots import BLOCK
from exchange.kernel.problems import NotFound
from exchange.subjects.cipher import Wrapped
from exchange.subjects.models import Erasure as Erasure
from exchange.subjects.models import Hold as Hold
from exchange.subjects.models import Subject
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

# The delivery's path, on the driver's own connection ------------------------------------------------------------------


async def find(connection: Connection, lookups: Sequence[bytes]) -> list[Wrapped]:
    """The wrapped keys of those identities that have one."""
    return [Wrapped(*row) for row in await connection.fetch(_FIND, lookups)]


async def take_slots(connection: Connection, count: int) -> list[int]:
    """Numbers of slots that nobody else gets from this database."""
    rows = await connection.fetch("SELECT nextval('subject_slots') FROM generate_series(1, $1)", count)
    return [row["nextval"] for row in rows]


async def add(connection: Connection, rows: Sequence[Wrapped]) -> set[bytes]:
    """Add wrapped keys, in order of their lookups; an identity that has one by now keeps it. The lookups that were added.

    Outside a transaction of the caller's they are durable when this returns. They have to be: what knows the keys from then
    on, in memory, outlives a database that is killed.
    """
    ordered = sorted(rows, key=lambda row: row.lookup)
    columns = zip(*((row.lookup, row.pseudonym, row.key_id, row.slot, row.wrapped) for row in ordered), strict=True)
    return {row["lookup"] for row in await connection.fetch(_ADD, *(list(column) for column in columns))}


async def drop(connection: Connection, keys: Sequence[UUID]) -> None:
    """Remove wrapped keys whose slots are destroyed: what an old copy of the database brought back."""
    await connection.execute("DELETE FROM subjects WHERE key_id = ANY($1::uuid[])", keys)


async def blocks_in_use(connection: Connection) -> list[int]:
    """The blocks of slots that wrapped keys or unfinished erasures refer to."""
    rows = await connection.fetch(_BLOCKS, BLOCK)
    return [row["block"] for row in rows]


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


async def leaf(session: AsyncSession, index: int) -> bytes | None:
    """An entry's bytes."""
    found: bytes | None = await session.scalar(select(entry.c.leaf).where(entry.c.seq == index))
    return found


async def details_at(session: AsyncSession, index: int) -> dict[bytes, Sealed]:
    """What is sealed beside an entry, by the subject's pseudonym."""
    statement = select(sealed.c.subject, sealed.c.nonce, sealed.c.ciphertext).where(sealed.c.seq == index)
    return {row.subject: Sealed(*row) for row in await session.execute(statement)}


async def details_about(
    session: AsyncSession, pseudonym: bytes, *, after: int, limit: int
) -> list[tuple[int, Sealed, bytes]]:
    """What is sealed about a subject, with the index and the bytes of each entry, in order."""
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
    """The bytes of the newest entry beside which something about a subject is sealed."""
    index = await session.scalar(select(func.max(sealed.c.seq)).where(sealed.c.subject == pseudonym))
    if index is not None:
        return await leaf(session, index)
    for schema in await _former(session):
        found: bytes | None = await session.scalar(
            text(
                f"SELECT leaf FROM {schema}.ledger_entry WHERE seq = "  # noqa: S608 - a name of ours
                f"(SELECT max(seq) FROM {schema}.ledger_sealed WHERE subject = :subject)"
            ),
            {"subject": pseudonym},
        )
        if found is not None:
            return found
    return None


async def _former(session: AsyncSession) -> list[str]:
    """The schemas of former incarnations of the ledger (exchange.migrations.incarnation), the newest first."""
    statement = text(
        "SELECT nspname FROM pg_namespace WHERE nspname ~ '^ledger_[1-9][0-9]*$' "
        "AND to_regclass(nspname || '.ledger_sealed') IS NOT NULL ORDER BY substr(nspname, 8)::integer DESC"
    )
    return list(await session.scalars(statement))


# Erasures and holds ---------------------------------------------------------------------------------------------------


async def destroy(session: AsyncSession, row: Wrapped) -> int:
    """Remove a subject's wrapped key, its lifted holds, and all that is sealed; how many details that were."""
    gone = len(
        (await session.execute(delete(sealed).where(sealed.c.subject == row.pseudonym).returning(sealed.c.seq))).all()
    )
    for schema in await _former(session):
        statement = text(f"DELETE FROM {schema}.ledger_sealed WHERE subject = :subject RETURNING seq")  # noqa: S608 - as above
        gone += len((await session.execute(statement, {"subject": row.pseudonym})).all())
    await session.execute(delete(Hold).where(Hold.pseudonym == row.pseudonym))
    await session.execute(delete(Subject).where(Subject.lookup == row.lookup))
    return gone


async def erasures(session: AsyncSession, pseudonyms: Collection[bytes]) -> dict[bytes, Erasure]:
    """The erasures of these pseudonyms that were executed."""
    found = await session.scalars(select(Erasure).where(Erasure.pseudonym.in_(pseudonyms)))
    return {one.pseudonym: one for one in found}


async def erased_slots(session: AsyncSession, *, all_of_them: bool) -> list[int]:
    """The slots of erasures: those not yet known to be destroyed, or all."""
    statement = select(Erasure.slot)
    if not all_of_them:
        statement = statement.where(Erasure.destroyed_at.is_(None))
    return list(await session.scalars(statement.order_by(Erasure.slot)))


async def mark_destroyed(session: AsyncSession, slots: Collection[int], now: datetime) -> None:
    """Note that slots are destroyed."""
    these = any_(literal(list(slots), ARRAY(BigInteger)))
    statement = update(Erasure).where(Erasure.slot == these, Erasure.destroyed_at.is_(None))
    await session.execute(statement.values(destroyed_at=now))


async def holds(session: AsyncSession, *, pseudonym: bytes | None = None, is_standing: bool = True) -> Sequence[Hold]:
    """Holds, oldest first: those that stand, or all; of one subject, or of everybody."""
    statement = select(Hold).order_by(Hold.placed_at, Hold.id)
    if pseudonym is not None:
        statement = statement.where(Hold.pseudonym == pseudonym)
    if is_standing:
        statement = statement.where(Hold.lifted_at.is_(None))
    return (await session.scalars(statement)).all()


async def hold(session: AsyncSession, hold_id: UUID) -> Hold:
    """One hold. Raises NotFound."""
    found = await session.get(Hold, hold_id)
    if found is None:
        raise NotFound("There is no hold with this id.")
    return found
