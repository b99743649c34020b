"""Every SELECT of audit: searches in the index, its filling, and the entries that a search found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Date, DateTime, Integer, LargeBinary, Select, and_, cast, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.audit.models import IndexRow, filling
from exchange.kernel.database import Connection, driver
from exchange.kernel.queries import former_ledgers
from ledger.format.merkle import HASH_SIZE
from ledger.format.tiles import WIDTH
from ledger.log.head import read_head, select_head
from ledger.log.tables import entry, tile

_FILLING = 0x6C65_6478  # an advisory lock: no other one of the database has this number
_INDEX = "ledger_index"
Order = Literal["oldest", "newest"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The visible entries: all, or those about the owners' objects and those with owners or actors as a party."""

    everything: bool = False
    owners: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Criteria:
    """The criteria of a search. `values` are the value, or the accepted ones, by column; `prefix` is the beginning of the
    type; times are RFC 3339.
    """

    values: Mapping[str, str | frozenset[str]]
    subject: str | None = None
    prefix: str | None = None
    since: str | None = None
    until: str | None = None
    is_refused: bool | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries of a type a day in China has between an owner and a consumer."""

    day: date
    type: str | None
    owner: str | None
    consumer: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry as it is stored. `signed` is its hash in the tree, None where no checkpoint covers it."""

    seq: int
    leaf: bytes
    leaf_hash: bytes
    signed: bytes | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """An incarnation of the ledger: its number, its size in entries, and how many of them are indexed."""

    number: int
    size: int
    indexed: int
    is_former: bool

    @property
    def options(self) -> dict[str, dict[None, str]]:
        """Execution options of a statement on it: the tables of a former incarnation are in a schema of their own."""
        return {"schema_translate_map": {None: f"ledger_{self.number}"}} if self.is_former else {}


async def present(session: AsyncSession) -> Ledger:
    """The present incarnation of the ledger."""
    head = await select_head(session)
    return Ledger(head.incarnation, head.size, head.size, is_former=False)


async def ledger(session: AsyncSession, number: int | None) -> Ledger | None:
    """An incarnation of the ledger by its number, by default the present one; None where the database lacks it."""
    current = await present(session)
    if number is None or number == current.number:
        return current
    if number not in await former_ledgers(await driver(session), table=_INDEX):
        return None
    former = Ledger(number, 0, 0, is_former=True)
    size, indexed = [
        (await session.execute(select(func.max(column)), execution_options=former.options)).scalar_one()
        for column in (entry.c.seq, IndexRow.seq)
    ]
    return replace(former, size=size + 1, indexed=0 if indexed is None else indexed + 1)


# The index ------------------------------------------------------------------------------------------------------------


async def fill(connection: Connection, *, most: int) -> int:
    """Index the next entries, at most so many, in a transaction of its own; returns how many are left.

    It locks nothing that writers lock. A process may be killed anywhere; the next one continues.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _FILLING)
        size = (await read_head(connection)).size
        start: int = await connection.fetchval(
            "SELECT coalesce(max(seq) + 1, 0) FROM ledger_index WHERE seq < $1", size
        )
        stop = min(size, start + most)
        if start < stop:
            await connection.execute(filling(await former_ledgers(connection, table=_INDEX)), start, stop)
    return size - stop


async def refill(connection: Connection, start: int, *, most: int) -> tuple[int, int]:
    """Derive rows again from `start` on, at most so many; returns the next start, and how many rows were wrong.

    At the end of the ledger, deletes index rows beyond it.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _FILLING)
        size = (await read_head(connection)).size
        stop = min(size, start + most)
        status = await connection.execute(filling(await former_ledgers(connection, table=_INDEX)), start, stop)
        written = int(status.rpartition(" ")[2])
        if stop == size:
            beyond = await connection.execute("DELETE FROM ledger_index WHERE seq >= $1", size)
            written += int(beyond.rpartition(" ")[2])
    return stop, written


def search_statement(criteria: Criteria, scope: Scope, *, order: Order, start: int | None, limit: int) -> Select[int]:
    """The statement that selects a page: the indexes of at most `limit` entries, from `start` on in the order.

    Each ground to see an entry is a subquery of its own, so that each uses the index of its own column.
    """
    conditions = _conditions(criteria)
    if start is not None:
        conditions.append(IndexRow.seq >= start if order == "oldest" else IndexRow.seq <= start)
    in_order = IndexRow.seq.asc() if order == "oldest" else IndexRow.seq.desc()
    grounds = [
        select(IndexRow.seq).where(*conditions, ground).order_by(in_order).limit(limit) for ground in _grounds(scope)
    ]
    if scope.everything:
        return select(IndexRow.seq).where(*conditions).order_by(in_order).limit(limit)
    visible = union(*(select(ground.subquery().c.seq) for ground in grounds)).subquery()
    return (
        select(visible.c.seq).order_by(visible.c.seq.asc() if order == "oldest" else visible.c.seq.desc()).limit(limit)
    )


def _grounds(scope: Scope) -> list[ColumnElement[bool]]:
    return [
        *(IndexRow.owner == owner for owner in sorted(scope.owners)),
        *(IndexRow.organisation == party for party in sorted(scope.owners | scope.actors)),
        *(IndexRow.consumer == party for party in sorted(scope.owners | scope.actors)),
    ]


def _conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        getattr(IndexRow, column) == value if isinstance(value, str) else getattr(IndexRow, column).in_(sorted(value))
        for column, value in criteria.values.items()
    ]
    if criteria.subject is not None:
        conditions.append(IndexRow.subjects.contains([criteria.subject]))
    if criteria.prefix is not None:
        conditions += [IndexRow.type >= criteria.prefix, IndexRow.type < f"{criteria.prefix}\x7f"]
    if criteria.since is not None:
        conditions.append(IndexRow.at >= criteria.since)
    if criteria.until is not None:
        conditions.append(IndexRow.at < criteria.until)
    if criteria.is_refused is not None:
        conditions.append(IndexRow.problem.is_not(None) if criteria.is_refused else IndexRow.problem.is_(None))
    return conditions


async def search(
    session: AsyncSession,
    ledger: Ledger,
    criteria: Criteria,
    scope: Scope,
    *,
    order: Order,
    start: int | None,
    limit: int,
) -> list[int]:
    """The indexes of a page; see `search_statement`."""
    statement = search_statement(criteria, scope, order=order, start=start, limit=limit)
    return list(await session.scalars(statement, execution_options=ledger.options))


async def tally(session: AsyncSession, ledger: Ledger, criteria: Criteria) -> list[Tally]:
    """How many entries criteria find, by day in China, type, owner and consumer."""
    day = cast(func.timezone("Asia/Shanghai", cast(IndexRow.at, DateTime(timezone=True))), Date)
    groups = (day, IndexRow.type, IndexRow.owner, IndexRow.consumer)
    statement = select(*groups, func.count()).where(*_conditions(criteria)).group_by(*groups)
    rows = await session.execute(statement, execution_options=ledger.options)
    return [Tally(*row) for row in rows]


async def newest(
    session: AsyncSession, *, dataset: UUID, types: Collection[str], limit: int
) -> Sequence[tuple[int, bytes]]:
    """The newest entries about a dataset of these types, newest first: index and leaf. Entries not indexed are left out."""
    statement = (
        select(entry.c.seq, entry.c.leaf)
        .join(IndexRow, IndexRow.seq == entry.c.seq)
        .where(IndexRow.dataset == str(dataset), IndexRow.type.in_(types))
        .order_by(IndexRow.seq.desc())
        .limit(limit)
    )
    return [(seq, leaf) for seq, leaf in await session.execute(statement)]


async def is_visible(session: AsyncSession, ledger: Ledger, index: int, scope: Scope) -> bool:
    """Whether an entry exists, and the scope includes its owner."""
    statement = select(IndexRow.seq).where(IndexRow.seq == index)
    if not scope.everything:
        statement = statement.where(IndexRow.owner.in_(sorted(scope.owners)))
    return await session.scalar(statement, execution_options=ledger.options) is not None


# The entries ----------------------------------------------------------------------------------------------------------

_BEGIN = cast(entry.c.seq % WIDTH, Integer) * HASH_SIZE + 1
_SIGNED = func.substr(tile.c.hashes, _BEGIN, HASH_SIZE, type_=LargeBinary)


def _leaves() -> Select[int, bytes, bytes, bytes | None]:
    covers = and_(tile.c.level == 0, tile.c.index == entry.c.seq // WIDTH)
    return select(entry.c.seq, entry.c.leaf, entry.c.leaf_hash, _SIGNED).select_from(
        entry.outerjoin(tile, covers),
    )


async def leaves(session: AsyncSession, ledger: Ledger, indexes: Sequence[int]) -> dict[int, Leaf]:
    """The entries with these indexes, by index."""
    statement = _leaves().where(entry.c.seq.in_(indexes))
    rows = await session.execute(statement, execution_options=ledger.options)
    return {row[0]: Leaf(row[0], row[1], row[2], row[3] or None) for row in rows}


async def leaves_from(session: AsyncSession, ledger: Ledger, start: int, *, limit: int) -> list[Leaf]:
    """At most `limit` entries from an index on, in order."""
    statement = _leaves().where(entry.c.seq >= start, entry.c.seq < start + limit).order_by(entry.c.seq)
    rows = await session.execute(statement, execution_options=ledger.options)
    return [Leaf(row[0], row[1], row[2], row[3] or None) for row in rows]
