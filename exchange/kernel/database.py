"""The database: PostgreSQL, embedded by default. The rooms use an engine, the hot path a plain pool.

Connections take the role `exchange_app`, which owns no table and may not change the ledger. Migrations connect as the
owner. Names of the drivers that rooms need are part of this module's face, so only models and queries import drivers.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from asyncpg import Connection
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

__all__ = [
    "APPLICATION_ROLE",
    "CONFLICT",
    "DATABASE",
    "FAILURES",
    "AsyncSession",
    "Base",
    "Connection",
    "Database",
    "IntegrityError",
    "arguments",
    "conflict_text",
    "driver",
    "engine_for",
    "forbidden_reason",
    "is_unreachable",
    "is_value_refused",
    "open_connection",
    "open_database",
    "try_lock",
    "unlock",
]

APPLICATION_ROLE = "exchange_app"
DATABASE = "exchange"
_TIMEOUT = 60  # seconds a statement may take: a stuck database refuses instead of hanging
FAILURES = (OSError, DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError)
"""The errors of a database, through SQLAlchemy or the driver."""


def is_value_refused(error: BaseException) -> bool:
    """Whether the database refused a value, such as a NUL in a text (SQLSTATE class 22)."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "").startswith("22")


def forbidden_reason(error: BaseException) -> str | None:
    """The server's words where a login lacks a privilege (SQLSTATE 42501), without the statement; None otherwise."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if getattr(cause, "sqlstate", None) != "42501":
        return None
    return str(getattr(cause, "__cause__", None) or cause)


def is_unreachable(error: BaseException) -> bool:
    """Whether the database was out of reach or out of resources (SQLSTATE classes 08, 53, 57): a retry may succeed."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = str(getattr(cause, "sqlstate", None) or "")
    if state:
        return state[:2] in {"08", "53", "57"}
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(
            getattr(cause, "__cause__", None), OSError | asyncpg.InterfaceError
        )
    return not isinstance(error, OSError) or error.filename is None  # an error about a file is not the database's


class Base(DeclarativeBase):
    """The declarative base of every room's tables. Constraints get names that migrations can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


CONFLICT = "conflict"
"""The key of a constraint's `info`: what violates it, and what to do, for the problem of such a change."""


def conflict_text(error: IntegrityError) -> str | None:
    """The text that the violated constraint carries under CONFLICT; None for a constraint without one."""
    name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    for table in Base.metadata.tables.values():
        texts = {constraint.name: constraint.info.get(CONFLICT) for constraint in table.constraints}
        texts |= {index.name: index.info.get(CONFLICT) for index in table.indexes}
        if name is not None and name in texts:
            return texts[name]
    return None


@dataclass(frozen=True, slots=True)
class Database:
    """One open database. `pool` serves the ledger and the delivery path, `sessions` everything else.

    `appending` serves single statements that append. They leave no session state, so its one connection is returned
    without the round trip that resets it.

    `aside` has one connection of its own, for whoever holds the ledger's lock and has to read outside its transaction:
    a shared connection might be held by somebody who waits for that lock.
    """

    url: str
    engine: AsyncEngine
    pool: asyncpg.Pool
    appending: asyncpg.Pool
    sessions: async_sessionmaker[AsyncSession]
    aside: async_sessionmaker[AsyncSession]

    async def close(self) -> None:
        """Close every connection."""
        await self.appending.close()
        await self.pool.close()
        await self.engine.dispose()
        await self.aside.kw["bind"].dispose()


def arguments(url: str) -> dict[str, Any]:
    """Connection arguments of asyncpg for a `postgresql://` URL. Its `host` parameter may be a socket directory."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host = query.get("host", [parts.hostname or "localhost"])[0]
    result: dict[str, Any] = {"host": host, "database": unquote(parts.path.lstrip("/")) or DATABASE}
    if parts.port:
        result["port"] = parts.port
    if parts.username:
        result["user"] = unquote(parts.username)
    if parts.password:
        result["password"] = unquote(parts.password)
    if "sslmode" in query:
        result["ssl"] = query["sslmode"][0]
    return result


def engine_for(url: str, *, role: str | None, **options: Any) -> AsyncEngine:
    """An engine on a URL. Its connections act in the role, or as their login where the role is None."""
    connect = arguments(url) | ({"server_settings": {"role": role}, "command_timeout": _TIMEOUT} if role else {})
    return create_async_engine("postgresql+asyncpg://", connect_args=connect, **options)


async def open_database(url: str, *, pool_size: int = 8) -> Database:
    """Connect to a migrated database in the application's role."""
    options = arguments(url) | {"server_settings": {"role": APPLICATION_ROLE}, "command_timeout": _TIMEOUT}
    pool = await asyncpg.create_pool(**options, min_size=2, max_size=pool_size)
    appending = await asyncpg.create_pool(**options, min_size=0, max_size=1, reset=_skip_reset)  # connects on first use
    # Last in, first out: the connection used last has its statements prepared.
    engine = engine_for(url, role=APPLICATION_ROLE, pool_size=8, max_overflow=4, pool_use_lifo=True)
    aside = engine_for(url, role=APPLICATION_ROLE, pool_size=1, max_overflow=0)
    return Database(
        url=url,
        engine=engine,
        pool=pool,
        appending=appending,
        sessions=async_sessionmaker(engine, expire_on_commit=False),
        aside=async_sessionmaker(aside),
    )


async def open_connection(url: str) -> Connection:
    """A connection of its own in the application's role, for whoever keeps one. Close it."""
    options = arguments(url) | {"server_settings": {"role": APPLICATION_ROLE}, "command_timeout": _TIMEOUT}
    return await asyncpg.connect(**options)


async def _skip_reset(_connection: Connection) -> None:
    """Return a connection without resetting it."""


async def driver(session: AsyncSession) -> Connection:
    """The driver's connection under a session, in the session's transaction."""
    raw = await (await session.connection()).get_raw_connection()
    connection: Connection = raw.driver_connection
    if not connection.is_in_transaction():
        await session.execute(text("SELECT 1"))  # SQLAlchemy begins the driver's transaction with its first statement
    return connection


async def try_lock(connection: Connection, number: int) -> bool:
    """Take a session-level advisory lock, unless another connection holds it; returns whether it was taken."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", number))


async def unlock(connection: Connection, number: int) -> None:
    """Release a session-level advisory lock."""
    await connection.fetchval("SELECT pg_advisory_unlock($1)", number)
