"""Every SELECT of loads, and the statements that merge staged rows into the records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.consents.models import ConsentLoad, ConsentLoadReject
from exchange.kernel.database import Connection
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading

_COLUMNS = ("load", "row", "lookup", "decision", "at", "method", "proof", "sealed")
_RANGE = "load = $1 AND row > $2 AND row <= $3"
_NUMBER = (
    "INSERT INTO subject_numbers (lookup) SELECT DISTINCT lookup FROM consent_staging AS staged "  # noqa: S608 - constants
    f"WHERE {_RANGE} AND NOT EXISTS (SELECT FROM subject_numbers AS given WHERE given.lookup = staged.lookup) "
    "ORDER BY lookup ON CONFLICT DO NOTHING"
)
# One statement: the newest row of each person counts, unless the person decided later already. What a former load brought
# has no event yet; it gets one before a renewal or a withdrawal changes the record. A withdrawal is kept also where no
# consent holds, so that no older file brings one.
_MERGE = f"""
WITH batch AS (
    SELECT DISTINCT ON (n.number) n.number AS subject, s.row, s.decision, s.at, s.method, s.proof,
        s.sealed
    FROM consent_staging s JOIN subject_numbers n ON n.lookup = s.lookup
    WHERE {_RANGE} ORDER BY n.number, s.at DESC, s.row
), known AS (
    SELECT b.*, held.id AS held, held.state AS held_state, last.decided_at AS last_at, last.state AS last_state
    FROM batch b
    LEFT JOIN LATERAL (
        SELECT c.id, c.state FROM consents c WHERE c.subject = b.subject AND c.scope = $4
        AND c.state IN ('requested','deferred','given','renewed') LIMIT 1
    ) held ON true
    LEFT JOIN LATERAL (
        SELECT c.decided_at, c.state FROM consents c WHERE c.subject = b.subject AND c.scope = $4
        AND c.decided_at IS NOT NULL ORDER BY c.decided_at DESC LIMIT 1
    ) last ON true
), sorted AS (
    SELECT *, CASE
        WHEN last_at = at THEN 'repeated'
        WHEN last_at > at THEN 'outdated'
        WHEN decision = 'w' THEN 'withdrawn'
        WHEN decision = 'r' AND held_state IN ('given','renewed') THEN 'conflicting'
        WHEN decision = 'r' THEN 'refused'
        WHEN held_state IN ('given','renewed') THEN 'renewed'
        ELSE 'given' END AS outcome, coalesce(held_state IN ('given','renewed'), false) AS is_valid
    FROM known
), born AS (
    INSERT INTO consent_events (consent_id, number, type, statement, salt, recorded_at)
    SELECT c.id, (SELECT count(*) FROM consent_events e WHERE e.consent_id = c.id), 'consent.' || c.state,
        jsonb_build_object('consent', c.id, 'state', c.state, 'load', c.load, 'row', c.row,
        'method', c.method, 'proof', encode(c.proof, 'hex'),
        'at', to_char(c.decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'until', to_char(c.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || CASE WHEN c.guardian IS NULL THEN '{{}}'::jsonb ELSE '{{"by_guardian": true}}'::jsonb END,
        replace(gen_random_uuid()::text, '-', ''), $6
    FROM sorted JOIN consents c ON c.id = sorted.held
    WHERE sorted.is_valid AND sorted.outcome IN ('renewed','withdrawn') AND c.load IS NOT NULL
    AND NOT EXISTS (SELECT FROM consent_events e WHERE e.consent_id = c.id
        AND e.statement->>'load' = c.load::text AND (e.statement->>'row')::bigint = c.row)
), changed AS (
    UPDATE consents c SET state = sorted.outcome, decided_at = sorted.at, method = sorted.method, proof = sorted.proof,
        until = CASE WHEN sorted.decision IN ('g','c') THEN sorted.at + $5::interval END, load = $1, row = sorted.row,
        guardian = CASE sorted.decision WHEN 'c' THEN sorted.sealed WHEN 'w' THEN c.guardian END
    FROM sorted WHERE c.id = sorted.held AND sorted.outcome IN ('given','renewed','refused','withdrawn')
), added AS (
    INSERT INTO consents (id, scope, subject, state, decided_at, until, method, proof, guardian, load, row)
    SELECT gen_random_uuid(), $4, subject, outcome, at, CASE WHEN decision IN ('g','c') THEN at + $5::interval END,
        method, proof, CASE WHEN decision = 'c' THEN sealed END, $1, row
    FROM sorted WHERE held IS NULL AND outcome IN ('given','refused','withdrawn')
), admitted AS (
    INSERT INTO consent_now (scope, subject, until)
    SELECT $4, subject, at + $5::interval FROM sorted WHERE outcome IN ('given','renewed')
    ON CONFLICT (scope, subject) DO UPDATE SET until = excluded.until
), excluded AS (
    DELETE FROM consent_now n USING sorted
    WHERE n.scope = $4 AND n.subject = sorted.subject AND sorted.outcome = 'withdrawn'
), noted AS (
    INSERT INTO consent_withdrawn (scope, epoch, subject, at)
    SELECT $4, $7, subject, $6 FROM sorted WHERE outcome = 'withdrawn' AND is_valid
)
SELECT outcome, count(*) AS count, array_agg(held) FILTER (WHERE outcome = 'withdrawn' AND is_valid) AS ended,
    array_agg(row) FILTER (WHERE outcome = 'withdrawn' AND is_valid AND sealed IS NOT NULL) AS sealed_rows,
    array_agg(sealed) FILTER (WHERE outcome = 'withdrawn' AND is_valid AND sealed IS NOT NULL) AS sealed
FROM sorted GROUP BY outcome
UNION ALL SELECT 'repeated', (SELECT count(*) FROM consent_staging WHERE {_RANGE}) - (SELECT count(*) FROM batch),
    NULL, NULL, NULL
"""  # noqa: S608 - constants
_ADVANCE = (
    "UPDATE consent_loads SET merged_to = $2, given = given + $3, renewed = renewed + $4, refused = refused + $5, "
    "repeated = repeated + $6, outdated = outdated + $7, conflicting = conflicting + $8, withdrawn = withdrawn + $9 "
    "WHERE id = $1"
)
OUTCOMES = ("given", "renewed", "refused", "repeated", "outdated", "conflicting", "withdrawn")


@dataclass(frozen=True, slots=True)
class Ended:
    """The consents that a batch's withdrawals ended, and their people's sealed identifiers by row, where they are kept."""

    consents: tuple[UUID, ...]
    people: tuple[tuple[int, bytes], ...]


async def stage(connection: Connection, load: UUID, rows: Sequence[tuple[Any, ...]]) -> None:
    """Copy valid rows into the staging table."""
    await connection.copy_records_to_table(
        "consent_staging", records=[(load, *row) for row in rows], columns=list(_COLUMNS)
    )


async def keep_rejects(connection: Connection, load: UUID, rejects: Sequence[tuple[int, str]]) -> None:
    """Keep the rows that were not taken, with the reasons."""
    records = [(load, *reject) for reject in rejects]
    await connection.copy_records_to_table("consent_load_rejects", records=records, columns=["load", "row", "reason"])


async def keep_pieces(connection: Connection, load: UUID, first: int, pieces: Sequence[bytes]) -> None:
    """Keep pieces of a load's tree, from a number on."""
    await connection.copy_records_to_table(
        "consent_load_pieces",
        records=[(load, first + place, piece) for place, piece in enumerate(pieces)],
        columns=["load", "piece", "leaves"],
    )


async def give_numbers(connection: Connection, load: UUID, *, begin: int, end: int) -> None:
    """Give the people of staged rows their numbers, in a transaction of their own, as `exchange.subjects.numbers.ensure`.

    An erasure between this and the merge leaves a row without a person, which is then dropped.
    """
    await connection.execute(_NUMBER, load, begin, end)


async def lock(connection: Connection, load: UUID, scope: int) -> tuple[int, int]:
    """Lock a scope and one of its loads, in this order: the scope's epoch, and the rows that are merged."""
    epoch = await connection.fetchval("SELECT epoch FROM consent_scopes WHERE scope = $1 FOR UPDATE", scope)
    return epoch, await connection.fetchval("SELECT merged_to FROM consent_loads WHERE id = $1 FOR UPDATE", load)


async def merge_batch(
    connection: Connection, load: UUID, *, begin: int, end: int, scope: int, epoch: int, term: timedelta, now: datetime
) -> Ended:
    """Merge the staged rows begin < row <= end into the records, and remove them. The scope and the load are locked.

    `epoch` is the scope's; it advances by one where withdrawals ended consents.
    """
    counts, ended = dict.fromkeys(OUTCOMES, 0), Ended((), ())
    for row in await connection.fetch(_MERGE, load, begin, end, scope, term, now, epoch + 1):
        counts[row["outcome"]] += row["count"]
        if row["ended"]:
            people = zip(row["sealed_rows"] or (), row["sealed"] or (), strict=True)
            ended = Ended(tuple(row["ended"]), tuple(people))
    await connection.execute(f"DELETE FROM consent_staging WHERE {_RANGE}", load, begin, end)  # noqa: S608 - a constant
    advance = "UPDATE consent_scopes SET revision = revision + 1, epoch = epoch + $2 WHERE scope = $1"
    await connection.execute(advance, scope, 1 if ended.consents else 0)
    await connection.execute(_ADVANCE, load, end, *(counts[outcome] for outcome in OUTCOMES))
    return ended


async def waiting(connection: Connection) -> list[tuple[UUID, int, int, int, int]]:
    """The loads that are received and not merged yet: id, rows, rows merged, scope, term in days."""
    rows = await connection.fetch(
        "SELECT l.id, l.rows, l.merged_to, n.scope, n.term_days FROM consent_loads l "
        "JOIN consent_notices n ON n.id = l.notice_id WHERE l.state = 'received' ORDER BY l.received_at, l.id"
    )
    return [tuple(row) for row in rows]


async def finish(connection: Connection, load: UUID, now: datetime) -> None:
    """Mark a load as merged."""
    await connection.execute(
        "UPDATE consent_loads SET state = 'merged', merged_at = $2 WHERE id = $1 AND state = 'received'", load, now
    )


async def drop(connection: Connection, load: UUID) -> None:
    """Remove a load that was not received whole, with what is staged of it."""
    async with connection.transaction():
        await connection.execute("DELETE FROM consent_staging WHERE load = $1", load)
        await connection.execute("DELETE FROM consent_load_pieces WHERE load = $1", load)
        await connection.execute("DELETE FROM consent_load_rejects WHERE load = $1", load)
        await connection.execute("DELETE FROM consent_loads WHERE id = $1 AND state = 'receiving'", load)


async def abandoned(connection: Connection, before: datetime) -> list[UUID]:
    """Loads that began before a time and never arrived: their process was killed, or their sender left."""
    rows = await connection.fetch(
        "SELECT id FROM consent_loads WHERE state = 'receiving' AND started_at < $1 ORDER BY id", before
    )
    return [row["id"] for row in rows]


async def begin(connection: Connection, load: UUID, notice: UUID, controller: UUID, now: datetime) -> None:
    """Note a load whose file is arriving."""
    await connection.execute(
        "INSERT INTO consent_loads (id, notice_id, controller_id, state, started_at) VALUES ($1, $2, $3, 'receiving', $4)",
        load,
        notice,
        controller,
        now,
    )


async def load_row(session: AsyncSession, reading: Reading, load_id: UUID) -> ConsentLoad:
    """One load that a principal may read. Raises NotFound."""
    readable = true() if reading.everything else ConsentLoad.controller_id.in_(reading.owners)
    statement = select(ConsentLoad).where(ConsentLoad.id == load_id, readable)
    row = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no load with this id that you may see.")
    return row


async def rejects(session: AsyncSession, load: UUID, *, after: int, limit: int) -> Sequence[ConsentLoadReject]:
    """The rows of a load that were not taken, after a row, in their order."""
    of_load = select(ConsentLoadReject).where(ConsentLoadReject.load == load, ConsentLoadReject.row > after)
    return (await session.execute(of_load.order_by(ConsentLoadReject.row).limit(limit))).scalars().all()


async def received_before(session: AsyncSession, notice: UUID, digest: str) -> ConsentLoad | None:
    """The load of the same file under the same notice, where there is one."""
    statement = select(ConsentLoad).where(ConsentLoad.notice_id == notice, ConsentLoad.digest == digest)
    return (await session.execute(statement)).scalar_one_or_none()


async def pieces(connection: Connection, load: UUID) -> list[bytes]:
    """The leaf hashes of a load's tree, by piece."""
    rows = await connection.fetch("SELECT leaves FROM consent_load_pieces WHERE load = $1 ORDER BY piece", load)
    return [row["leaves"] for row in rows]
