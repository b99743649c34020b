"""Every SELECT of what-if."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exchange.audit import queries as audit

_RELEASES = ("delivery.completed", "delivery.started")


@dataclass(frozen=True, slots=True)
class PastDeliveries:
    """Deliveries of a dataset, newest first: index and body of the entry of each. `since` is the first entry covered."""

    entries: tuple[tuple[int, dict[str, Any]], ...]
    since: int


async def past_deliveries(session: AsyncSession, dataset: UUID, *, most: int) -> PastDeliveries:
    """The deliveries among the `most` newest entries about releases of a dataset, as far as the ledger is indexed."""
    leaves = await audit.newest(session, dataset=dataset, types=_RELEASES, limit=most)
    deliveries = await asyncio.to_thread(_deliveries, leaves)
    return PastDeliveries(deliveries, since=leaves[-1][0] if len(leaves) == most else 0)


def _deliveries(leaves: Sequence[tuple[int, bytes]]) -> tuple[tuple[int, dict[str, Any]], ...]:
    """Parse thousands of entries: beside the event loop, since other requests wait for it."""
    bodies = ((seq, json.loads(leaf)["body"]) for seq, leaf in leaves)
    # The entry at a stream's end has `started`, and belongs to the delivery of the entry at its beginning.
    return tuple((seq, body) for seq, body in bodies if "agreement" in body and "started" not in body)
