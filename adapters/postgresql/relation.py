"""Describe a table or view from PostgreSQL's catalogue: its columns, key and size.

Columns that the role may not read, or whose type cannot be delivered, are left out with a note: a source may hold more
than its owner publishes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from adapters.contract import Note, SourceError
from adapters.plan.dialect import identifier
from adapters.plan.plan import Field
from adapters.postgresql.source import PgSource
from adapters.postgresql.types import PgColumn, arrow_type, field_type
from groundwork.text import PRINTABLE

COUNTED_ROWS: Final = 100_000
MAX_COLUMNS: Final = 500
_SHOWN: Final = re.compile(PRINTABLE)

_RELATION: Final = """
SELECT c.oid, c.relkind, c.reltuples, has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AS can_write,
  has_schema_privilege(n.oid, 'USAGE') AS can_enter
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""

# A domain counts as its base type, through any number of domains.
_COLUMNS: Final = """
WITH RECURSIVE base AS (
  SELECT a.attnum, a.attname, a.attnotnull, a.atttypid AS typid, a.atttypmod AS typmod, FALSE AS domain_not_null,
    format_type(a.atttypid, a.atttypmod) AS stated
  FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.attnum, b.attname, b.attnotnull, t.typbasetype, CASE WHEN b.typmod = -1 THEN t.typtypmod ELSE b.typmod END,
    b.domain_not_null OR t.typnotnull, b.stated
  FROM base b JOIN pg_type t ON t.oid = b.typid WHERE t.typtype = 'd'
)
SELECT b.attname AS name, b.attnotnull OR b.domain_not_null AS not_null, t.typname AS udt, t.typtype::text AS typtype,
  t.typcategory::text AS category, format_type(t.oid, b.typmod) AS declared, b.stated,
  has_column_privilege($1, b.attnum, 'SELECT') AS can_read
FROM base b JOIN pg_type t ON t.oid = b.typid WHERE t.typtype <> 'd' ORDER BY b.attnum
"""

# The primary key, else the narrowest unique index whose columns are all plain and never NULL.
_KEY: Final = """
SELECT array_agg(a.attname ORDER BY k.position) AS key
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnotnull
WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.position <= i.indnkeyatts
GROUP BY i.indexrelid, i.indisprimary, i.indnkeyatts HAVING count(*) = i.indnkeyatts
ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A described table or view. `tuples` is PostgreSQL's estimate of its rows, negative where it has none."""

    name: str
    columns: Mapping[str, PgColumn]
    key: tuple[str, ...]
    tuples: float
    notes: tuple[Note, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns as fields."""
        return tuple(Field(column.name, column.type, column.is_nullable) for column in self.columns.values())

    @property
    def digest(self) -> str:
        """Hex SHA-256 over names, types and key. It changes with the table's definition, not with its rows."""
        shape = [[column.name, column.declared, column.is_nullable] for column in self.columns.values()]
        return sha256(orjson.dumps([self.name, shape, self.key])).hexdigest()


async def load(connection: Any, source: PgSource) -> Relation:
    """Read the catalogue. Raises SourceError relation-missing, source-denied, type-unsupported."""
    where = f"{source.schema}.{source.table}"
    entry = await connection.fetchrow(_RELATION, source.schema, source.table)
    if entry is None:
        raise SourceError("relation-missing", "there is no such table or view", where)
    if not entry["can_enter"]:
        raise SourceError("source-denied", "the role may not use this schema", where)
    columns: dict[str, PgColumn] = {}
    notes: list[Note] = []
    is_readable = False
    for row in await connection.fetch(_COLUMNS, entry["oid"]):
        name, kind = row["name"], field_type(row["udt"], row["typtype"], row["category"])
        if not row["can_read"]:
            notes.append(Note("column-dropped", "the role may not read this column", name))
            continue
        is_readable = True
        if kind is None:
            notes.append(Note("column-dropped", f"columns of type {row['declared']} cannot be delivered", name))
            continue
        if not _SHOWN.fullmatch(name):
            notes.append(Note("column-dropped", "its name has characters that cannot be shown", repr(name)))
            continue
        arrow = arrow_type(kind, row["declared"])
        columns[name] = PgColumn(
            name, kind, row["udt"], row["declared"], not row["not_null"], arrow, source.time_zone, row["stated"]
        )
    if not is_readable:
        raise SourceError("source-denied", "the role may not read this table", where)
    if not columns:
        raise SourceError("type-unsupported", "no column has a type that can be delivered", where)
    if len(columns) > MAX_COLUMNS:
        detail = f"the table has {len(columns)} columns; at most {MAX_COLUMNS} can be published: make a view of them"
        raise SourceError("too-large", detail, where)
    keys = [tuple(row["key"]) for row in await connection.fetch(_KEY, entry["oid"])]
    key = next((key for key in keys if columns.keys() >= set(key)), ())
    notes += _notes(columns, key, can_write=entry["can_write"])
    name = f"{identifier(source.schema)}.{identifier(source.table)}"
    return Relation(name, columns, key, entry["reltuples"], tuple(notes))


def _notes(columns: Mapping[str, PgColumn], key: tuple[str, ...], *, can_write: bool) -> list[Note]:
    notes = []
    local = [column.name for column in columns.values() if column.udt == "timestamp"]
    if local:
        zone = next(iter(columns.values())).zone
        notes.append(Note("time-zone-assumed", f"times without a zone are read as {zone}", ", ".join(local)))
    if not key:
        notes.append(Note("key-missing", "no primary key or unique index: answers cannot be continued page by page"))
    if can_write:
        notes.append(Note("role-can-write", "the role may change this table; one that may only read is safer"))
    return notes


async def count_rows(connection: Any, relation: Relation) -> int | None:
    """The number of rows: exact up to COUNTED_ROWS, then the server's estimate, None where it has none."""
    counting = f"SELECT count(*) FROM (SELECT FROM {relation.name} LIMIT {COUNTED_ROWS + 1}) t"  # noqa: S608 - quoted
    counted = await connection.fetchval(counting)
    if counted <= COUNTED_ROWS:
        return int(counted)
    return max(int(relation.tuples), COUNTED_ROWS) if relation.tuples > 0 else None


async def note_undeliverable(connection: Any, relation: Relation) -> tuple[Note, ...]:
    """A note on each column whose first rows hold values that count as missing: NaN, infinities, years beyond 9999."""
    checked = [(column, column.presence) for column in relation.columns.values() if column.presence]
    if not checked:
        return ()
    counts = ", ".join(
        f"count(*) FILTER (WHERE {column.raw} IS NOT NULL AND ({presence}) IS NOT TRUE)" for column, presence in checked
    )
    names = ", ".join(identifier(column.name) for column, _ in checked)
    rows = f"SELECT {names} FROM {relation.name} LIMIT {COUNTED_ROWS}"  # noqa: S608 - quoted
    record = await connection.fetchrow(f"SELECT {counts} FROM ({rows}) AS t")  # noqa: S608 - as above
    text = "cells are NaN, infinite, or outside the years 1 to 9999; they count as missing"
    return tuple(
        Note("missing-values", f"{count} {text}", column.name)
        for (column, _), count in zip(checked, record, strict=True)
        if count
    )
