"""Every SELECT of what-if."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.log.tables import entry, head


async def past_deliveries(
    session: AsyncSession, dataset: UUID, *, most: int
) -> tuple[int, list[tuple[int, dict[str, Any]]]]:
    """The deliveries of a dataset among the `most` newest entries, oldest first, and the first entry that was looked at."""
    size = int((await session.execute(select(head.c.size))).scalar_one())
    since = max(size - most, 0)
    wanted = f'"dataset":"{dataset}"'
    statement = (
        select(entry.c.seq, entry.c.leaf)
        .where(entry.c.seq >= since, func.strpos(func.convert_from(entry.c.leaf, "UTF8"), wanted) > 0)
        .order_by(entry.c.seq)
    )
    found = []
    for seq, leaf in await session.execute(statement):
        body = json.loads(leaf)["body"]
        if body["type"] in {"delivery.completed", "delivery.started"} and "agreement" in body and "started" not in body:
            found.append((int(seq), body))
    return since, found
