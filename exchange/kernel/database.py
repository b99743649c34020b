"""The database: PostgreSQL, embedded by default; one engine for the rooms, one plain pool for the hot path.

Connections take the role `exchange_app`, which owns nothing and may not change the ledger. Migrations connect as the
owner. What the rooms need of the drivers has its name here, so that only models and queries import them.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from asyncpg import Connection as Connection
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import IntegrityError as IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.ext.asyncio import AsyncSession as AsyncSession
from sqlalchemy.orm import DeclarativeBase

APPLICATION_ROLE = "exchange_app"
DATABASE = "exchange"
_PATIENCE = 60  # seconds after which a statement is given up, so that a stuck database refuses instead of hanging
FAILURES = (OSError, DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What talking to a database can raise, through SQLAlchemy or beside it."""


def is_value_refused(error: BaseException) -> bool:
    """Whether the database failed on a value that it cannot hold, such as a NUL in a text (SQLSTATE class 22)."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "").startswith("22")


def is_unreachable(error: BaseException) -> bool:
    """Whether the database could not be talked to, or had to give up (SQLSTATE classes 08, 53, 57); later it may work."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = str(getattr(cause, "sqlstate", None) or "")
    if state:
        return state[:2] in {"08", "53", "57"}
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(
            getattr(cause, "__cause__", None), OSError | asyncpg.InterfaceError
        )
    return (
        not isinstance(error, OSError) or error.filename is None
    )  # a file of ours that is not there is something else


class Base(DeclarativeBase):
    """The declarative base of every room's tables, with names a migration can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


@dataclass(frozen=True, slots=True)
class Database:
    """One open database. `pool` is for the ledger and the delivery path, `sessions` for everything else.

    `appending` is for single statements that append, which leave nothing in a session: its one connection is given back
    without the round trip that would clear it.

    `aside` has one connection of its own, for whoever holds the ledger's lock and has to see past its own transaction:
    it must never wait for a connection that somebody who waits for the lock holds.
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
    """The connection arguments of asyncpg for a `postgresql://` URL, whose `host` parameter may be a socket directory."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host = query.get("host", [parts.hostname or "localhost"])[0]
    found: dict[str, Any] = {"host": host, "database": unquote(parts.path.lstrip("/")) or DATABASE}
    if parts.port:
        found["port"] = parts.port
    if parts.username:
        found["user"] = unquote(parts.username)
    if parts.password:
        found["password"] = unquote(parts.password)
    if "sslmode" in query:
        found["ssl"] = query["sslmode"][0]
    return found


def engine_for(url: str, *, role: str | None, **options: Any) -> AsyncEngine:
    """An engine on the URL whose connections act in a role, or as their login where the role is None."""
    connect = arguments(url) | ({"server_settings": {"role": role}, "command_timeout": _PATIENCE} if role else {})
    return create_async_engine("postgresql+asyncpg://", connect_args=connect, **options)


async def open_database(url: str, *, pool_size: int = 8) -> Database:
    """Connect to a migrated database in the application's role."""
    options = arguments(url) | {"server_settings": {"role": APPLICATION_ROLE}, "command_timeout": _PATIENCE}
    pool = await asyncpg.create_pool(**options, min_size=2, max_size=pool_size)
    appending = await asyncpg.create_pool(**options, min_size=0, max_size=1, reset=_keep)  # connects on first use
    # The connection that was used last is warmest: its statements are prepared.
    engine = engine_for(url, role=APPLICATION_ROLE, pool_size=8, max_overflow=4, pool_use_lifo=True)
    one = engine_for(url, role=APPLICATION_ROLE, pool_size=1, max_overflow=0)
    return Database(
        url=url,
        engine=engine,
        pool=pool,
        appending=appending,
        sessions=async_sessionmaker(engine, expire_on_commit=False),
        aside=async_sessionmaker(one),
    )


async def _keep(_connection: Connection) -> None:
    """Leave a returned connection as it is."""


async def driver(session: AsyncSession) -> Connection:
    """The driver's connection under a session, inside the session's transaction."""
    raw = await (await session.connection()).get_raw_connection()
    connection: Connection = raw.driver_connection
    if not connection.is_in_transaction():
        await session.execute(text("SELECT 1"))  # SQLAlchemy begins the driver's transaction with its first statement
    return connection
