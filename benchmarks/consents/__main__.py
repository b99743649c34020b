"""Loading consents, withdrawing them, and reading who may be delivered, on a PostgreSQL of its own.

python -m benchmarks.consents [ROWS]; 1,000,000 rows unless stated. It leaves out HTTP and signatures, which cost the same
for each request. Prints one line a figure.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import UUID

import asyncpg

from exchange.consents import queries
from exchange.consents.loading import queries as loads
from exchange.consents.loading.reading import Reader, Rules
from exchange.kernel.database import Connection, Database, arguments, open_database
from exchange.kernel.embedded import Embedded
from exchange.kernel.identifiers import new_id
from exchange.kernel.keys.sealing import Seal
from exchange.migrations import commands
from exchange.subjects.numbers import Lookups

_ROWS = 1_000_000
_BLOCK = 20_000  # rows that arrive together, about a mebibyte
_BATCH = 25_000
_WITHDRAWALS = 200
_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_TERM = timedelta(days=730)
_IDS = tuple(new_id() for _ in range(4))
_OWNER, _RECIPIENT, _DATASET, _NOTICE = _IDS
_GROUND = f"""
INSERT INTO organisations (id, handle, kind, code, level, name_zh, name_en, state, registered_at)
    SELECT id, handle, 'department', handle, 'city', handle, handle, 'admitted', now()
    FROM (VALUES ('{_OWNER}'::uuid, 'owner'), ('{_RECIPIENT}'::uuid, 'recipient')) AS them (id, handle);
INSERT INTO datasets (id, organisation_id, handle, state, version, drafted_at)
    VALUES ('{_DATASET}', '{_OWNER}', 'people', 'published', 1, now());
INSERT INTO consent_scopes DEFAULT VALUES;
INSERT INTO consent_notices (id, scope, dataset_id, controller_id, recipient_id, purpose, fields, identified_by, document,
    digest, salt, term_days, in_use_since, published_at)
    SELECT '{_NOTICE}', scope, '{_DATASET}', '{_OWNER}', '{_RECIPIENT}', 'talent-service', '["name"]', 'person_id', '{{}}',
    repeat('0', 64), repeat('0', 32), 730, now(), now() FROM consent_scopes
"""  # noqa: S608 - ids of our own


def main() -> None:
    """Measure, and print the figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else _ROWS
    with TemporaryDirectory(prefix="exchange-bench-") as directory:
        embedded = Embedded(Path(directory))
        try:
            asyncio.run(embedded.create())
            commands.upgrade(embedded.url())
            asyncio.run(_measure(embedded.url(), rows))
        finally:
            embedded.close()


async def _measure(url: str, rows: int) -> None:
    owner = await asyncpg.connect(**arguments(url))
    await owner.execute(_GROUND)
    await owner.close()
    database = await open_database(url)
    try:
        async with database.pool.acquire() as connection:
            await _load(connection, rows)
            await _read_bitmap(connection)
        await _withdraw(database)
    finally:
        await database.close()


async def _load(connection: Connection, rows: int) -> None:
    load = new_id()
    await loads.begin(connection, load, _NOTICE, _OWNER, _NOW)
    lookups = Lookups(Seal(bytes(32)), f"{_OWNER}/person_id")
    rules = Rules(_NOW - timedelta(days=900), _NOW, _TERM, is_written=False, is_for_children=False)
    reader = Reader("csv", rules, lookups.of, lambda _row, text: text.encode())
    before, cpu = time.perf_counter(), time.process_time()
    piece, first = 0, _peak()
    for chunk in _file(rows):
        staged = await asyncio.to_thread(reader.feed, chunk)
        pieces = reader.take_pieces()
        await loads.stage(connection, load, staged)
        await loads.keep_pieces(connection, load, piece, pieces)
        piece += len(pieces)
    await loads.stage(connection, load, reader.end())
    received = time.perf_counter()
    _print("received, rows/s", rows / (received - before))
    _print("  processor time of this process, µs a row", (time.process_time() - cpu) / rows * 1e6)
    await connection.execute("UPDATE consent_loads SET state = 'received', rows = $2 WHERE id = $1", load, rows)
    await _merge(connection, load, rows)
    _print("merged, rows/s", rows / (time.perf_counter() - received))
    _print("all, seconds", time.perf_counter() - before)
    _print("peak memory of this process beyond the first block, MiB", _peak() - first)


async def _merge(connection: Connection, load: UUID, rows: int) -> None:
    scope = await connection.fetchval("SELECT scope FROM consent_scopes")
    for begin in range(0, rows, _BATCH):
        end = min(begin + _BATCH, rows)
        await loads.give_numbers(connection, load, begin=begin, end=end)
        async with connection.transaction():
            epoch, _ = await loads.lock(connection, load, scope)
            await loads.merge_batch(
                connection, load, begin=begin, end=end, scope=scope, epoch=epoch, term=_TERM, now=_NOW
            )


async def _read_bitmap(connection: Connection) -> None:
    scope = await connection.fetchval("SELECT scope FROM consent_scopes")
    seconds = []
    for _ in range(5):
        before = time.perf_counter()
        bits = await queries.bitmap_of(connection, scope=scope, now=_NOW)
        seconds.append(time.perf_counter() - before)
    _print("bitmap of the scope, ms", median(seconds) * 1e3)
    _print("  its size, kB", len(bits) / 1e3)


async def _withdraw(database: Database) -> None:
    seconds = []
    for subject in range(_WITHDRAWALS):
        async with database.sessions() as session:
            before = time.perf_counter()
            [scope] = await queries.scopes_of_person(session, subject)
            await queries.exclude(session, scope=scope, subjects=[subject], now=_NOW)
            await session.commit()
            seconds.append(time.perf_counter() - before)
    _print("rows of one withdrawal, durable, ms", median(seconds) * 1e3)


def _file(rows: int) -> Iterator[bytes]:
    """A CSV of decisions by different people, in blocks."""
    yield b"person,decision,at,method,proof\n"
    proof = "cd" * 32
    for begin in range(0, rows, _BLOCK):
        lines = [
            f"3301061990{number:08d},given,2026-05-{number % 28 + 1:02d}T08:00:00+08:00,window,{proof}\n"
            for number in range(begin, min(begin + _BLOCK, rows))
        ]
        yield "".join(lines).encode()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print(figure: str, value: float) -> None:
    print(f"{figure}: {value:,.1f}")


if __name__ == "__main__":
    main()
