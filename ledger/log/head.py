"""The head row, `ledger_head`: the end of the log, the fence, the incarnation and the halt. Only this module reads it.

Rooms of the exchange read the row with SQLAlchemy, in their own sessions; the log itself uses asyncpg.
"""

import hashlib
from dataclasses import dataclass

import asyncpg
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.format import entry
from ledger.log.tables import head

HALTED = "LG001"
"""The SQLSTATE with which the database refuses an entry while the ledger is halted."""

ROW: Table = head
"""The table, which has one row, for joins within a statement of a room."""

_COLUMNS = (head.c.size, head.c.prev, head.c.fence, head.c.incarnation, head.c.halted)
_SELECT = f"SELECT {', '.join(column.name for column in _COLUMNS)} FROM ledger_head WHERE id = 1"  # noqa: S608 - constants
_LOCK = f"{_SELECT} FOR UPDATE"

_CHANGES = int.from_bytes(hashlib.sha256(b"fence-changes").digest()[:8], "big", signed=True)
"""The advisory lock of changes of the fence: exclusive for a change, shared for a delivery that holds it."""

INCARNATION = "(SELECT incarnation FROM ledger_head)"
"""An SQL expression for the ledger's incarnation, for statements that need it in their own snapshot."""


class Halted(Exception):
    """The ledger takes no entries, because it does not continue what was signed (see ledger.log.continuity)."""


class FenceBusy(Exception):
    """Changes kept the fence from being held."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head row: number of entries, leaf hash of the last one (32 bytes), fence, incarnation, reason of a halt."""

    size: int
    prev: bytes
    fence: int
    incarnation: int
    halted: str | None


async def read_head(connection: asyncpg.Connection) -> Head:
    """The head in the connection's snapshot, without a lock."""
    return Head(**await connection.fetchrow(_SELECT))


async def read_size(connection: asyncpg.Connection) -> int:
    """The number of entries. Works on a database of any migration, where `read_head` may miss columns."""
    return int(await connection.fetchval("SELECT size FROM ledger_head"))


async def lock_head(connection: asyncpg.Connection, *, is_halt_allowed: bool = False) -> Head:
    """Lock the head until the connection's transaction ends, so that no other entry is ordered before that.

    Use up nonces first: a transaction that holds the head must not wait for a nonce. Raises Halted unless
    `is_halt_allowed`.
    """
    locked = Head(**await connection.fetchrow(_LOCK))
    if locked.halted is not None and not is_halt_allowed:
        raise Halted(locked.halted)
    return locked


async def lock_changes(connection: asyncpg.Connection) -> None:
    """Wait until nobody holds the fence, and keep it for the connection's transaction, which may advance it.

    Call it before `lock_head`, in every transaction that advances the fence. Whoever holds the fence (`hold_fence`) goes
    on appending, so a transaction that had the head already would wait for itself.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _CHANGES)


async def hold_fence(connection: asyncpg.Connection, *, seconds: float) -> None:
    """Keep the fence where it is until the connection's transaction ends, or for so many seconds.

    The database ends a transaction that holds the fence for longer, so that no process can stop changes. Raises
    FenceBusy where changes keep it for so long.
    """
    await connection.execute(
        "SELECT set_config('lock_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $1, true)",
        str(int(seconds * 1000)),
    )
    try:
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _CHANGES)
    except asyncpg.LockNotAvailableError as error:
        raise FenceBusy from error


async def halt(connection: asyncpg.Connection, reason: str | None) -> None:
    """Stop all appends, for a reason in one sentence; None ends the halt."""
    await connection.execute("UPDATE ledger_head SET halted = $1 WHERE id = 1 AND halted IS DISTINCT FROM $1", reason)


async def restart_head(connection: asyncpg.Connection, *, incarnation: int, fence_step: int) -> None:
    """Set the head to an empty log of a new incarnation. The fence advances by `fence_step`; a halt ends."""
    await connection.execute(
        "UPDATE ledger_head SET size = 0, prev = $1, fence = fence + $2, incarnation = $3, halted = NULL",
        entry.GENESIS,
        fence_step,
        incarnation,
    )


async def select_head(session: AsyncSession) -> Head:
    """The head in the session's snapshot, without a lock."""
    return Head(*(await session.execute(select(*_COLUMNS))).one())


async def begin_snapshot(session: AsyncSession) -> int:
    """Begin a REPEATABLE READ transaction in the session and return the fence of its snapshot."""
    connection = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    return int((await connection.execute(select(head.c.fence))).scalar_one())
