"""The database limits no kinds of source; a downgrade limits them again."""

import asyncio

import asyncpg
import pytest
from alembic import command
from sqlalchemy.exc import IntegrityError

from exchange.kernel.database import arguments
from exchange.migrations import commands

_OWNER = (
    "INSERT INTO organisations (id, handle, kind, code, level, name_zh, name_en, state, registered_at) VALUES "
    "(gen_random_uuid(), 'owner', 'department', 'x', 'city', 'x', 'x', 'admitted', now()) RETURNING id"
)
_SOURCE = (
    "INSERT INTO sources (id, organisation_id, kind, title, state, config, registered_at) "
    "VALUES (gen_random_uuid(), $1, $2, 'x', 'registered', '{}', now())"
)


async def test_the_database_takes_any_kind(empty_database: str) -> None:
    connection = await asyncpg.connect(**arguments(empty_database))
    try:
        owner = await connection.fetchval(_OWNER)
        await connection.execute(_SOURCE, owner, "spark")
        with pytest.raises(IntegrityError, match="ck_sources_kind"):
            await asyncio.to_thread(command.downgrade, commands._config(empty_database), "0011")
        await connection.execute("DELETE FROM sources")
        await asyncio.to_thread(command.downgrade, commands._config(empty_database), "0011")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(_SOURCE, owner, "spark")
    finally:
        await connection.execute("DELETE FROM sources; DELETE FROM organisations")
        await connection.close()
        await asyncio.to_thread(commands.upgrade, empty_database)
    await asyncio.to_thread(commands.check, empty_database)
