"""Every SELECT of the audit room: the ledger by index."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.tables import entry


async def leaves(session: AsyncSession, *, start: int, stop: int) -> list[tuple[int, bytes]]:
    """The entries with `start <= index < stop`."""
    statement = select(entry.c.seq, entry.c.leaf).where(entry.c.seq >= start, entry.c.seq < stop).order_by(entry.c.seq)
    return [(seq, leaf) for seq, leaf in await session.execute(statement)]
