"""Every SELECT of the audit room: the ledger by index, and the index by what people look for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import ColumnElement, Integer, LargeBinary, Select, and_, cast, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.audit.models import IndexRow, filling
from exchange.kernel.database import Connection, driver
from exchange.kernel.keys.queries import former_ledgers
from ledger.format.merkle import HASH_SIZE
from ledger.format.tiles import WIDTH
from ledger.log.head import read_head, select_head
from ledger.log.tables import entry, tile

# Any number that no other advisory lock of the database uses.
_FILLING = 0x6C65_6478
Order = Literal["oldest", "newest"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose entries may be seen: everybody's, or those about these owners' things, of these consumers, by these actors."""

    everything: bool = False
    owners: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: values by column, and the rest by name. `prefix` is how the type begins, times are RFC 3339."""

    values: Mapping[str, str]
    subject: str | None = None
    prefix: str | None = None
    since: str | None = None
    until: str | None = None
    is_refused: bool | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry as it lies in the database. `signed` is its hash in the tree, where a checkpoint covers it."""

    seq: int
    leaf: bytes
    leaf_hash: bytes
    signed: bytes | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """An incarnation of the ledger: its number, how many entries it has and how many of them are indexed."""

    number: int
    size: int
    indexed: int
    is_former: bool

    @property
    def options(self) -> dict[str, dict[None, str]]:
        """How a statement is executed on it: the tables of a former one lie in a schema of their own."""
        return {"schema_translate_map": {None: f"ledger_{self.number}"}} if self.is_former else {}


async def present(session: AsyncSession) -> Ledger:
    """The present incarnation of the ledger."""
    head = await select_head(session)
    return Ledger(head.incarnation, head.size, head.size, is_former=False)


async def ledger(session: AsyncSession, number: int | None) -> Ledger | None:
    """An incarnation of the ledger, or the present one; None where there is no such."""
    now = await present(session)
    if number is None or number == now.number:
        return now
    if number not in await former_ledgers(await driver(session)):
        return None
    found = Ledger(number, 0, 0, is_former=True)
    size, indexed = [
        (await session.execute(select(func.max(column)), execution_options=found.options)).scalar_one()
        for column in (entry.c.seq, IndexRow.seq)
    ]
    return replace(found, size=size + 1, indexed=0 if indexed is None else indexed + 1)


# The index ------------------------------------------------------------------------------------------------------------


async def fill(connection: Connection, *, most: int) -> int:
    """Index the next entries, at most so many, in a transaction of its own; returns how many are still to come.

    Writers do not notice: it locks nothing of theirs. Wherever it is killed, the next one goes on from there.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _FILLING)
        size = (await read_head(connection)).size
        start: int = await connection.fetchval(
            "SELECT coalesce(max(seq) + 1, 0) FROM ledger_index WHERE seq < $1", size
        )
        stop = min(size, start + most)
        if start < stop:
            await connection.execute(filling(await former_ledgers(connection)), start, stop)
    return size - stop


async def refill(connection: Connection, start: int, *, most: int) -> tuple[int, int]:
    """Derive rows from `start` on again, at most so many; returns where to go on, and how many were not right.

    At the end of the ledger it takes away what is beyond it, and goes on nowhere.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _FILLING)
        size = (await read_head(connection)).size
        stop = min(size, start + most)
        status = await connection.execute(filling(await former_ledgers(connection)), start, stop)
        written = int(status.rpartition(" ")[2])
        if stop == size:
            beyond = await connection.execute("DELETE FROM ledger_index WHERE seq >= $1", size)
            written += int(beyond.rpartition(" ")[2])
    return stop, written


def searched(wanted: Wanted, scope: Scope, *, order: Order, start: int | None, limit: int) -> Select[int]:
    """The statement that finds a page: the indexes of at most `limit` entries, from `start` on in the order.

    Each way to be allowed is a search of its own, so that each can use the index of its own column.
    """
    conditions = [*_conditions(wanted)]
    if start is not None:
        conditions.append(IndexRow.seq >= start if order == "oldest" else IndexRow.seq <= start)
    in_order = IndexRow.seq.asc() if order == "oldest" else IndexRow.seq.desc()
    ways = [select(IndexRow.seq).where(*conditions, way).order_by(in_order).limit(limit) for way in _ways(scope)]
    if scope.everything:
        return select(IndexRow.seq).where(*conditions).order_by(in_order).limit(limit)
    found = union(*(select(way.subquery().c.seq) for way in ways)).subquery()
    return select(found.c.seq).order_by(found.c.seq.asc() if order == "oldest" else found.c.seq.desc()).limit(limit)


def _ways(scope: Scope) -> list[ColumnElement[bool]]:
    return [
        *(IndexRow.owner == one for one in sorted(scope.owners)),
        *(IndexRow.organisation == one for one in sorted(scope.owners | scope.actors)),
        *(IndexRow.consumer == one for one in sorted(scope.owners | scope.actors)),
    ]


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [getattr(IndexRow, column) == value for column, value in wanted.values.items()]
    if wanted.subject is not None:
        found.append(IndexRow.subjects.contains([wanted.subject]))
    if wanted.prefix is not None:
        found += [IndexRow.type >= wanted.prefix, IndexRow.type < f"{wanted.prefix}\x7f"]
    if wanted.since is not None:
        found.append(IndexRow.at >= wanted.since)
    if wanted.until is not None:
        found.append(IndexRow.at < wanted.until)
    if wanted.is_refused is not None:
        found.append(IndexRow.problem.is_not(None) if wanted.is_refused else IndexRow.problem.is_(None))
    return found


async def search(
    session: AsyncSession, of: Ledger, wanted: Wanted, scope: Scope, *, order: Order, start: int | None, limit: int
) -> list[int]:
    """The indexes of a page; see `searched`."""
    statement = searched(wanted, scope, order=order, start=start, limit=limit)
    return list(await session.scalars(statement, execution_options=of.options))


async def is_visible(session: AsyncSession, of: Ledger, index: int, scope: Scope) -> bool:
    """Whether there is an entry, and the scope has it by its owner."""
    statement = select(IndexRow.seq).where(IndexRow.seq == index)
    if not scope.everything:
        statement = statement.where(IndexRow.owner.in_(sorted(scope.owners)))
    return await session.scalar(statement, execution_options=of.options) is not None


# The entries ----------------------------------------------------------------------------------------------------------

_BEGIN = cast(entry.c.seq % WIDTH, Integer) * HASH_SIZE + 1
_SIGNED = func.substr(tile.c.hashes, _BEGIN, HASH_SIZE, type_=LargeBinary)


def _leaves() -> Select[int, bytes, bytes, bytes | None]:
    place = and_(tile.c.level == 0, tile.c.index == entry.c.seq // WIDTH)
    return select(entry.c.seq, entry.c.leaf, entry.c.leaf_hash, _SIGNED).select_from(
        entry.outerjoin(tile, place),
    )


async def leaves(session: AsyncSession, of: Ledger, indexes: Sequence[int]) -> dict[int, Leaf]:
    """The entries with these indexes, by index."""
    statement = _leaves().where(entry.c.seq.in_(indexes))
    rows = await session.execute(statement, execution_options=of.options)
    return {row[0]: Leaf(row[0], row[1], row[2], row[3] or None) for row in rows}


async def leaves_from(session: AsyncSession, of: Ledger, start: int, *, limit: int) -> list[Leaf]:
    """At most `limit` entries from an index on, in order."""
    statement = _leaves().where(entry.c.seq >= start, entry.c.seq < start + limit).order_by(entry.c.seq)
    rows = await session.execute(statement, execution_options=of.options)
    return [Leaf(row[0], row[1], row[2], row[3] or None) for row in rows]
