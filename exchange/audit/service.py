"""Reading the ledger: receipts that may be waited for, and the search that leaves an entry itself."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exchange.audit import queries
from exchange.audit.errors import NotYetCovered
from exchange.audit.schemas import EntriesOut, EntryOut
from exchange.kernel.database import Connection
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Work
from ledger import bodies, canonical, entry, publication

_POLL = 0.05
_WAIT = re.compile(r"(?:^|[,\s])wait=(\d{1,2})(?:$|[;,\s])")
_LONGEST_WAIT = 30
T = TypeVar("T")


def wait_of(prefer: str | None) -> int:
    """The seconds of `Prefer: wait=…` (RFC 7240 section 4.3); at most half a minute."""
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), _LONGEST_WAIT) if found else 0


async def published(runtime: Runtime, read: Callable[[Connection], Awaitable[T]], *, wait: int = 0) -> T:
    """Something a checkpoint has to cover first, waited for at most so many seconds. Raises NotYetCovered."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    while True:
        try:
            async with runtime.database.pool.acquire() as connection:
                return await read(connection)
        except publication.NotPublished as error:
            if loop.time() >= deadline:
                raise NotYetCovered(
                    "Ask again in a second, or send Prefer: wait=5.",
                    headers={"Retry-After": "1", "Cache-Control": "no-store"},
                ) from error
        await asyncio.sleep(_POLL)


async def search(work: Work, *, start: int, limit: int) -> EntriesOut:
    """A page of entries for an auditor of the exchange; that it was read is an entry itself."""
    work.permit("audit", "read", "exchange")
    found = await queries.leaves(work.session, start=start, stop=start + limit)
    entries = []
    for _, leaf in found:
        parsed = entry.parse(leaf)
        entries.append(EntryOut(index=parsed.seq, prev=parsed.prev.hex(), body=parsed.body))
    work.record(
        bodies.AuditRead(
            at=work.now,
            actor=work.principal.actor,
            request=work.request,
            query=hashlib.sha256(canonical.dumps({"limit": limit, "start": start})).hexdigest(),
            found=len(entries),
        )
    )
    return EntriesOut(entries=entries, next=start + limit if len(entries) == limit else None)
