"""Every SELECT of consents. Deliveries ask on the driver's own connection, this room's verbs get rows."""

import json
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from sys import byteorder
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ARRAY, ColumnElement, Integer, any_, delete, exists, func, insert, literal, select, true, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.consents.lifecycle import OPEN, VALID
from exchange.consents.models import (
    Consent,
    ConsentEvent,
    ConsentNotice,
    ConsentNow,
    ConsentScope,
    ConsentWithdrawn,
)
from exchange.consents.view import ScopeState, ScopeView, Standing
from exchange.kernel.database import Connection
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading

# The delivery's path, on the driver's own connection ------------------------------------------------------------------

_COVERING = (
    "SELECT s.scope, n.id AS notice, n.fields, n.identified_by, s.epoch, s.revision "
    "FROM consent_notices n JOIN consent_scopes s ON s.scope = n.scope "
    "WHERE n.dataset_id = $1 AND n.recipient_id = $2 AND n.purpose = $3 AND n.fields @> $4::jsonb ORDER BY s.scope"
)
_IS_CONSENTED = (
    "SELECT EXISTS (SELECT FROM consent_now WHERE scope = ANY($1::integer[]) AND subject = $2 AND until > $3)"
)
_CONSENTED = (
    "SELECT DISTINCT subject FROM consent_now "
    "WHERE scope = ANY($1::integer[]) AND subject = ANY($2::integer[]) AND until > $3"
)
_PEOPLE = "SELECT string_agg(int4send(subject), '') FROM consent_now WHERE scope = $1 AND until > $2"
_WITHDRAWN = (
    "SELECT s.epoch, (SELECT coalesce(array_agg(w.subject), '{}') FROM consent_withdrawn w "
    "WHERE w.scope = s.scope AND w.epoch > $2) AS subjects FROM consent_scopes s WHERE s.scope = $1"
)

# The table of numbers is that of subjects: one statement sees consents and numbers in one snapshot.
_STANDING = (
    "SELECT s.scope, s.epoch, c.lookup, c.number, "
    "(SELECT coalesce(max(number), -1) FROM subject_numbers) AS newest FROM consent_scopes s "
    "LEFT JOIN LATERAL (SELECT p.lookup, p.number FROM subject_numbers p JOIN consent_now n ON n.subject = p.number "
    "WHERE p.lookup = ANY($2::bytea[]) AND n.scope = s.scope AND n.until > $3) AS c ON true "
    "WHERE s.scope = ANY($1::integer[])"
)
_CHANGES = (
    "SELECT s.scope, s.epoch, s.revision, ARRAY("
    "SELECT w.subject FROM consent_withdrawn w WHERE w.scope = s.scope AND w.epoch > given.epoch "
    "UNION ALL SELECT n.subject FROM consent_now n WHERE n.scope = s.scope AND n.until <= $3) AS ended "
    "FROM unnest($1::integer[], $2::bigint[]) AS given (scope, epoch) JOIN consent_scopes s ON s.scope = given.scope"
)


async def scopes_covering(
    connection: Connection, *, dataset: UUID, consumer: UUID, purpose: str, fields: Iterable[str]
) -> list[ScopeView]:
    """The scopes whose notices cover these fields of a dataset, for a recipient and a purpose.

    A closed notice covers still, since consents that were given hold until they end.
    """
    rows = await connection.fetch(_COVERING, dataset, consumer, purpose, json.dumps(sorted(set(fields))))
    return [
        ScopeView(
            scope=row["scope"],
            notice=row["notice"],
            fields=frozenset(_list(row["fields"])),
            identified_by=row["identified_by"],
            epoch=row["epoch"],
            revision=row["revision"],
        )
        for row in rows
    ]


async def is_consented(connection: Connection, *, scopes: Sequence[int], subject: int, now: datetime) -> bool:
    """Whether a person, by number, may be delivered under one of these scopes at this time."""
    return bool(await connection.fetchval(_IS_CONSENTED, scopes, subject, now))


async def consented(
    connection: Connection, *, scopes: Sequence[int], subjects: Collection[int], now: datetime
) -> set[int]:
    """Those of a page's people, by number, who may be delivered under one of these scopes at this time."""
    return {row["subject"] for row in await connection.fetch(_CONSENTED, scopes, list(subjects), now)}


async def bitmap_of(connection: Connection, *, scope: int, now: datetime) -> bytes:
    """The people who may be delivered under a scope: bit n (of byte n // 8, the lowest first) is person number n."""
    octets = await connection.fetchval(_PEOPLE, scope, now)
    return bitmap_from(octets) if octets else b""


async def bitmap_holds_until(connection: Connection, *, scope: int, now: datetime) -> datetime | None:
    """When the first term of a person who may be delivered now ends; None where nobody may be delivered."""
    until: datetime | None = await connection.fetchval(
        "SELECT min(until) FROM consent_now WHERE scope = $1 AND until > $2", scope, now
    )
    return until


async def withdrawn_since(connection: Connection, *, scope: int, epoch: int) -> tuple[int, Sequence[int]]:
    """The present epoch of a scope, and the people whose consent ended after an epoch; some may have consented again."""
    row = await connection.fetchrow(_WITHDRAWN, scope, epoch)
    return row["epoch"], row["subjects"]


async def standing(
    connection: Connection, *, scopes: Sequence[int], lookups: Sequence[bytes], now: datetime
) -> Standing:
    """Those of some people, by their lookups, who may be delivered under one of these scopes at this time."""
    rows = await connection.fetch(_STANDING, scopes, lookups, now)
    return Standing(
        epochs={row["scope"]: row["epoch"] for row in rows},
        consenting={row["lookup"]: row["number"] for row in rows if row["lookup"] is not None},
        newest=rows[0]["newest"] if rows else -1,
    )


async def changes_since(connection: Connection, *, epochs: Mapping[int, int], now: datetime) -> list[ScopeState]:
    """Where scopes stand, each with the people whose consent ended after an epoch, or whose term is over now."""
    rows = await connection.fetch(_CHANGES, list(epochs), list(epochs.values()), now)
    return [ScopeState(row["scope"], row["epoch"], row["revision"], tuple(row["ended"])) for row in rows]


def bitmap_from(numbers: bytes) -> bytes:
    """A bitmap from different numbers of 4 bytes each, big-endian, below 2^31; 2 million take about 0.1 s, outside Python."""
    if not numbers:
        return b""
    swapped = array("i", numbers)
    if byteorder == "little":
        swapped.byteswap()
    people = pa.Array.from_buffers(pa.int32(), len(swapped), [None, pa.py_buffer(swapped)])
    size = pc.max(people).as_py() + 1
    # Arrow keeps which positions of the inverse are filled as a bitmap, the lowest bit first.
    inverse = pc.inverse_permutation(people, max_index=size - 1)  # type: ignore[attr-defined]  # newer than the stubs
    bits = bytearray(inverse.is_valid().buffers()[1][: (size + 7) // 8])
    if size % 8:
        bits[-1] &= (1 << size % 8) - 1
    return bytes(bits)


def _list(value: str | Sequence[str]) -> Sequence[str]:
    """A JSON list, as the driver gives it."""
    names: Sequence[str] = json.loads(value) if isinstance(value, str) else value
    return names


# Records --------------------------------------------------------------------------------------------------------------


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The consents that a principal may read: those about its side's datasets. A recipient reads none."""
    return true() if reading.everything else ConsentNotice.controller_id.in_(reading.owners)


async def consents(
    session: AsyncSession,
    reading: Reading,
    *,
    notice: UUID | None = None,
    state: str | None = None,
    subject: int | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[tuple[Consent, UUID]]:
    """Records that a principal may read, by id, each with its notice's id."""
    statement = (
        select(Consent, ConsentNotice.id)
        .join(ConsentNotice, ConsentNotice.scope == Consent.scope)
        .where(_readable(reading))
        .order_by(Consent.id)
        .limit(limit)
    )
    if notice is not None:
        statement = statement.where(ConsentNotice.id == notice)
    if state is not None:
        statement = statement.where(Consent.state == state)
    if subject is not None:
        statement = statement.where(Consent.subject == subject)
    if after is not None:
        statement = statement.where(Consent.id > after)
    return [(consent, identifier) for consent, identifier in await session.execute(statement)]


async def consent(session: AsyncSession, reading: Reading, consent_id: UUID) -> tuple[Consent, ConsentNotice]:
    """One record that a principal may read, with its notice. Raises NotFound."""
    statement = (
        select(Consent, ConsentNotice)
        .join(ConsentNotice, ConsentNotice.scope == Consent.scope)
        .where(Consent.id == consent_id, _readable(reading))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no consent with this id that you may see.")
    return row[0], row[1]


async def locked(session: AsyncSession, consent_id: UUID) -> Consent:
    """A record, locked. Its scope is locked before, so that all acts lock in one order."""
    statement = select(Consent).where(Consent.id == consent_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


_NEWEST_FIRST = (Consent.state.in_(OPEN).desc(), Consent.decided_at.desc().nulls_last(), Consent.id.desc())


async def newest_of_person(session: AsyncSession, subjects: Collection[int]) -> Sequence[tuple[Consent, ConsentNotice]]:
    """A person's newest record under each notice, by all numbers that the person has, with the notice."""
    statement = (
        select(Consent, ConsentNotice)
        .join(ConsentNotice, ConsentNotice.scope == Consent.scope)
        .where(Consent.subject.in_(subjects))
        .ext(postgresql.distinct_on(Consent.scope))
        .order_by(Consent.scope, *_NEWEST_FIRST)
    )
    return [(record, shown) for record, shown in await session.execute(statement)]


async def newest(session: AsyncSession, *, scope: int, subject: int) -> Consent | None:
    """The person's newest record under a notice: the one that goes on, or the one that ended last."""
    statement = (
        select(Consent)
        .where(Consent.scope == scope, Consent.subject == subject)
        .order_by(*_NEWEST_FIRST)
        .limit(1)
        .with_for_update()
    )
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def last_decided(session: AsyncSession, *, scope: int, subject: int) -> Consent | None:
    """The record with the person's newest decision under a notice."""
    statement = (
        select(Consent)
        .where(Consent.scope == scope, Consent.subject == subject, Consent.decided_at.is_not(None))
        .order_by(Consent.decided_at.desc(), Consent.id.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def newest_refusal(session: AsyncSession, *, scope: int, subject: int) -> datetime | None:
    """When the person last refused or withdrew under a notice."""
    ended = Consent.state.in_(("refused", "withdrawn"))
    statement = select(Consent.decided_at).where(Consent.scope == scope, Consent.subject == subject, ended)
    at: datetime | None = await session.scalar(statement.order_by(Consent.decided_at.desc()).limit(1))
    return at


async def events(session: AsyncSession, consent_id: UUID) -> Sequence[ConsentEvent]:
    """The steps of a consent, oldest first."""
    statement = select(ConsentEvent).where(ConsentEvent.consent_id == consent_id).order_by(ConsentEvent.number)
    return (await session.execute(statement)).scalars().all()


async def count_events(session: AsyncSession, consent_id: UUID) -> int:
    """How many steps a consent has taken."""
    statement = select(func.count()).select_from(ConsentEvent).where(ConsentEvent.consent_id == consent_id)
    return (await session.execute(statement)).scalar_one()


async def forget_guardians(session: AsyncSession, subject: int) -> None:
    """Delete the guardians' names beside a person's records."""
    await session.execute(update(Consent).where(Consent.subject == subject).values(guardian=None))


async def valid_of_person(session: AsyncSession, subject: int) -> Sequence[Consent]:
    """The records under which a person may be delivered, by scope."""
    statement = select(Consent).where(Consent.subject == subject, Consent.state.in_(VALID)).order_by(Consent.scope)
    return (await session.execute(statement)).scalars().all()


async def scopes_of_person(session: AsyncSession, subject: int) -> Sequence[int]:
    """The scopes that a person has records in, in order."""
    statement = select(Consent.scope).where(Consent.subject == subject).distinct().order_by(Consent.scope)
    return (await session.execute(statement)).scalars().all()


# Changes of who may be delivered ----------------------------------------------------------------------------------------


async def admit(session: AsyncSession, *, scope: int, subject: int, until: datetime) -> None:
    """Let a person be delivered under a scope until a time."""
    statement = postgresql.insert(ConsentNow).values(scope=scope, subject=subject, until=until)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["scope", "subject"], set_={"until": statement.excluded.until})
    )
    await session.execute(
        update(ConsentScope).where(ConsentScope.scope == scope).values(revision=ConsentScope.revision + 1)
    )


async def exclude(session: AsyncSession, *, scope: int, subjects: Collection[int], now: datetime) -> int:
    """Let people be delivered under a scope no more; returns the scope's new epoch."""
    await session.execute(
        delete(ConsentNow).where(
            ConsentNow.scope == scope, ConsentNow.subject == any_(literal(list(subjects), ARRAY(Integer)))
        )
    )
    advanced = {"epoch": ConsentScope.epoch + 1, "revision": ConsentScope.revision + 1}
    statement = update(ConsentScope).where(ConsentScope.scope == scope).values(advanced).returning(ConsentScope.epoch)
    epoch: int = (await session.execute(statement)).scalar_one()
    rows = [{"scope": scope, "epoch": epoch, "subject": subject, "at": now} for subject in sorted(set(subjects))]
    await session.execute(insert(ConsentWithdrawn), rows)
    return epoch


async def scopes_overdue(session: AsyncSession, now: datetime) -> Sequence[int]:
    """The scopes in which a person's term is over, in order."""
    over = exists().where(ConsentNow.scope == ConsentScope.scope, ConsentNow.until <= now)
    return (await session.execute(select(ConsentScope.scope).where(over).order_by(ConsentScope.scope))).scalars().all()


async def overdue(session: AsyncSession, *, scope: int, now: datetime, limit: int) -> Sequence[int]:
    """People whose term under a scope is over, at most `limit`."""
    statement = select(ConsentNow.subject).where(ConsentNow.scope == scope, ConsentNow.until <= now)
    return (await session.execute(statement.order_by(ConsentNow.until).limit(limit))).scalars().all()


async def mark_expired(
    session: AsyncSession, *, scope: int, subjects: Sequence[int], sources: Collection[str], target: str
) -> Sequence[UUID]:
    """Mark the consents of people under a scope that are in one of some states as expired; returns their ids."""
    statement = (
        update(Consent)
        .where(
            Consent.scope == scope,
            Consent.subject == any_(literal(subjects, ARRAY(Integer))),
            Consent.state.in_(sources),
        )
        .values(state=target)
        .returning(Consent.id)
    )
    return (await session.execute(statement)).scalars().all()
