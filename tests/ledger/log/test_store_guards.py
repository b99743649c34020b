"""The application's database role has no right to alter entries, and guards stop the tables' owner from mistakes."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from exchange.kernel.database import APPLICATION_ROLE, arguments

APPEND_ONLY = ("ledger_entry", "ledger_checkpoint", "dataset_versions")
CHANGES = (
    "UPDATE ledger_entry SET leaf = leaf",
    "UPDATE ledger_checkpoint SET note = note",
    "UPDATE dataset_versions SET document = document",
    *(f"DELETE FROM {table}" for table in (*APPEND_ONLY, "agreements")),
    *(f"TRUNCATE {table} CASCADE" for table in (*APPEND_ONLY, "agreements")),
)
AGREEMENT = """
SET session_replication_role = replica;
INSERT INTO agreements (id, application_id, dataset_id, dataset_version, provider_id, consumer_id, lane, purpose, fields,
  masks, row_cap, not_before, not_after, mask_key, salt, digest, concluded_at, state)
VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(), 'government',
  'talent-service', '["name"]', '{}', 10, now(), now() + interval '1 day', '\\x00', '\\x00', 'digest', now(), 'active');
SET session_replication_role = origin
"""


@pytest.fixture
async def owner(empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    """The login that owns the tables; in the tests a superuser."""
    connection = await asyncpg.connect(**arguments(empty_database))
    await connection.execute(AGREEMENT)
    await connection.execute("INSERT INTO ledger_entry VALUES (0, '\\x00', '\\x00')")
    yield connection
    await connection.close()


@pytest.fixture
async def application(owner: asyncpg.Connection, empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the running exchange has it."""
    connection = await asyncpg.connect(**arguments(empty_database), server_settings={"role": APPLICATION_ROLE})
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        *CHANGES,
        "UPDATE agreements SET row_cap = row_cap + 1",
        "UPDATE agreements SET not_after = not_after + interval '1 year'",
        "DELETE FROM ledger_head",
        "INSERT INTO ledger_head SELECT 2, size, prev, fence FROM ledger_head",
        "DELETE FROM ledger_tile",
        "DELETE FROM keys",
        "DROP TABLE ledger_entry",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER ledger_entry_append_only ON ledger_entry",
        "SET session_replication_role = replica",
        "CREATE TABLE public.another (id integer)",
        "UPDATE alembic_version SET version_num = version_num",
    ],
)
async def test_the_application_may_not(application: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(statement)


@pytest.mark.parametrize("statement", CHANGES)
async def test_a_guard_stops_even_the_owner(owner: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await owner.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        'fields = \'["name", "id_number"]\'',
        'masks = \'{"name": {"kind": "null"}}\'',
        "row_filter = '{}'",
        "row_cap = row_cap + 1",
        "not_after = not_after + interval '1 year'",
        "purpose = 'advertising'",
        "consumer_id = gen_random_uuid()",
        "digest = 'another'",
        "mask_key = '\\x01'",
        "state = 'suspended', row_cap = 11",
    ],
)
async def test_an_agreement_changes_in_its_state_only(owner: asyncpg.Connection, change: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="in its state only"):
        await owner.execute(f"UPDATE agreements SET {change}")


async def test_the_application_may_change_an_agreements_state(application: asyncpg.Connection) -> None:
    assert await application.execute("UPDATE agreements SET state = 'suspended'") == "UPDATE 1"
    with pytest.raises(asyncpg.CheckViolationError):
        await application.execute("UPDATE agreements SET state = 'forever'")


async def test_two_writers_cannot_take_the_same_place(application: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await application.execute("INSERT INTO ledger_entry VALUES (0, '\\x01', '\\x01')")
