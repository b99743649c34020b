"""Civil affairs' own database: a table that the exchange never copies, and a login that may only read it.

It runs in the exchange's embedded PostgreSQL server, as a separate database.
"""

import asyncio
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from admin.database import connected
from admin.demo.people import Talent
from admin.terminal import CannotDo
from exchange.kernel.database import APPLICATION_ROLE
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
    """Make the table of where people live; returns the DSN that the department gives to the exchange."""
    rows = [
        (
            person.number,
            person.name,
            person.region.code,
            person.region.name,
            person.region.city_code,
            person.region.city,
            person.address,
            person.moved,
        )
        for person in people
    ]
    return asyncio.run(_make(embedded, RESIDENCES, _RESIDENCE, rows))


def areas(embedded: Embedded, path: Path) -> str:
    """Make a table of a CSV file in UTF-8; returns its DSN. Raises CannotDo.

    Every column is text. The first is the primary key where its values are unique.
    """
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
    definitions = ", ".join(f"{_quoted(name)} {kind}" for name, kind in columns.items())
    async with connected(embedded.url(DATABASE)) as connection:
        await connection.execute(f"CREATE TABLE {table} ({definitions})")
        await connection.copy_records_to_table(table, records=rows, columns=list(columns))
        for statement in (
            f"CREATE ROLE {READER} LOGIN",
            f"GRANT SELECT ON {table} TO {READER}",
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {READER}",
            f"ANALYZE {table}",
        ):
            await connection.execute(statement)
    return embedded.url(DATABASE).replace("postgres:@", f"{READER}@")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def last_statement(embedded: Embedded) -> str:
    """The last SQL statement that the exchange sent to the department's database, on one line."""
    return asyncio.run(_last_statement(embedded))


async def _last_statement(embedded: Embedded) -> str:
    async with connected(embedded.url(DATABASE)) as connection:
        statement = await connection.fetchval(
            "SELECT query FROM pg_stat_activity WHERE usename = $1 ORDER BY query_start DESC LIMIT 1", READER
        )
    return " ".join(str(statement or "").split())


def try_to_change_the_ledger(embedded: Embedded) -> list[tuple[str, str, str]]:
    """Try to change the exchange's ledger by SQL: for each attempt the role in words, the statement, and the error."""
    return asyncio.run(_try_to_change_the_ledger(embedded))


async def _try_to_change_the_ledger(embedded: Embedded) -> list[tuple[str, str, str]]:
    statement = "UPDATE ledger_entry SET leaf = leaf"
    refusals = []
    async with connected(embedded.url()) as connection:
        for words, role in (("the exchange itself", APPLICATION_ROLE), ("the tables' owner", "NONE")):
            await connection.execute(f"SET ROLE {role}")
            try:
                await connection.execute(statement)
            except asyncpg.PostgresError as error:
                refusals.append((words, statement, str(error)))
    return refusals
