"""Civil affairs' own database: a table that the exchange never copies, and a login that may only read it.

It lies in the same embedded server as the exchange's, as a database of its own; only its address says so.
"""

import asyncio
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from admin.demo.people import Talent
from admin.terminal import CannotDo
from exchange.kernel.database import APPLICATION_ROLE, arguments
from exchange.kernel.embedded import Embedded

DATABASE = "demo_civil_affairs"
READER = "demo_civil_affairs_reader"
RESIDENCES = "residences"
AREAS = "areas"
_COLUMNS_MOST = 100
_RESIDENCE = {
    "talent_id": "text PRIMARY KEY",
    "name": "text NOT NULL",
    "district_code": "text",
    "district": "text",
    "city_code": "text",
    "city": "text",
    "address": "text",
    "registered_on": "date",
}


def residences(embedded: Embedded, people: Sequence[Talent]) -> str:
    """Make the table of where people live; gives the address that the department hands to the exchange."""
    rows = [
        (
            one.number,
            one.name,
            one.region.code,
            one.region.name,
            one.region.city_code,
            one.region.city,
            one.address,
            one.moved,
        )
        for one in people
    ]
    return asyncio.run(_make(embedded, RESIDENCES, _RESIDENCE, rows))


def areas(embedded: Embedded, path: Path) -> str:
    """Make a table of a CSV file in UTF-8 as it is, every column text, the first its key where it can be. CannotDo."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            header, *rows = [tuple(row) for row in csv.reader(lines) if row]
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise CannotDo(f"{path} cannot be read as a CSV file in UTF-8: {error}") from error
    if len(set(header)) != len(header) or not all(header) or len(header) > _COLUMNS_MOST:
        raise CannotDo(f"{path}: the columns of a table need names that differ from each other")
    ragged = next((number for number, row in enumerate(rows, 2) if len(row) != len(header)), None)
    if ragged is not None:
        raise CannotDo(f"{path}: row {ragged} has another number of cells than the first")
    keys = [row[0] for row in rows]
    is_key = all(keys) and len(set(keys)) == len(keys)
    columns = {name: "text PRIMARY KEY" if is_key and name == header[0] else "text" for name in header}
    return asyncio.run(_make(embedded, AREAS, columns, rows))


async def _make(embedded: Embedded, table: str, columns: dict[str, str], rows: Sequence[tuple[Any, ...]]) -> str:
    await embedded.create(DATABASE)
    connection = await asyncpg.connect(**arguments(embedded.url(DATABASE)))
    named = ", ".join(f"{_quoted(name)} {kind}" for name, kind in columns.items())
    try:
        await connection.execute(f"CREATE TABLE {table} ({named})")
        await connection.copy_records_to_table(table, records=rows, columns=list(columns))
        for statement in (
            f"CREATE ROLE {READER} LOGIN",
            f"GRANT SELECT ON {table} TO {READER}",
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {READER}",
            f"ANALYZE {table}",
        ):
            await connection.execute(statement)
    finally:
        await connection.close()
    return embedded.url(DATABASE).replace("postgres:@", f"{READER}@")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def last_question(embedded: Embedded) -> str:
    """The statement the department's server was asked last by the exchange, in its own words."""
    return asyncio.run(_last_question(embedded))


def attempts_on(embedded: Embedded) -> list[tuple[str, str, str]]:
    """What the exchange's database says to whoever tries to change its ledger: as whom, what, and its answer."""
    return asyncio.run(_attempts_on(embedded))


async def _attempts_on(embedded: Embedded) -> list[tuple[str, str, str]]:
    change = "UPDATE ledger_entry SET leaf = leaf"
    told = []
    connection = await asyncpg.connect(**arguments(embedded.url()))
    try:
        for words, role in (("the exchange itself", APPLICATION_ROLE), ("the tables' owner", "NONE")):
            await connection.execute(f"SET ROLE {role}")
            try:
                await connection.execute(change)
            except asyncpg.PostgresError as error:
                told.append((words, change, str(error)))
    finally:
        await connection.close()
    return told


async def _last_question(embedded: Embedded) -> str:
    connection = await asyncpg.connect(**arguments(embedded.url(DATABASE)))
    try:
        found = await connection.fetchval(
            "SELECT query FROM pg_stat_activity WHERE usename = $1 ORDER BY query_start DESC LIMIT 1", READER
        )
    finally:
        await connection.close()
    return " ".join(str(found or "").split())
