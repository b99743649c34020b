"""Alembic's environment: it connects as the owner of the tables, with the URL of the call."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.pool import NullPool

from exchange.kernel.database import engine_for
from exchange.migrations.target import METADATA


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=METADATA, compare_type=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def _connect() -> None:
    engine = engine_for(context.config.attributes["url"], role=None, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


asyncio.run(_connect())
