"""Reading the ledger: receipts that may be waited for, and the search that leaves an entry itself."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from exchange.audit import queries
from exchange.audit.errors import NotYetCovered
from exchange.audit.schemas import EntriesOut, EntryOut, ExchangeKeyOut, LedgerKeyOut
from exchange.kernel.database import Connection
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Work
from ledger import bodies, canonical, continuity, entry, note, publication, rotation, signatures

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
                    "Ask again in a second, or send Prefer: wait=5.", headers={"Retry-After": "1"}
                ) from error
        await asyncio.sleep(_POLL)


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The exchange's own public keys, oldest first, and the statements that lead to those of today."""

    ledger: list[LedgerKeyOut]
    answers: list[ExchangeKeyOut]
    statements: list[str]


async def own_keys(runtime: Runtime, connection: Connection, first: note.Verifier) -> OwnKeys:
    """With which keys checkpoints and answers are and were signed. `first` is the ledger's, if that was never rotated."""
    history = await continuity.history(connection, first)
    ends = [size - 1 for size, _ in history.keys[1:]]
    ledger = [
        LedgerKeyOut(vkey=key.vkey, valid_from=size, valid_until=end)
        for (size, key), end in zip(history.keys, [*ends, None], strict=True)
    ]
    statements = await continuity.statements(connection, rotation.ANSWERS)
    turns = [rotation.parse(statement) for statement in statements]
    statements += await continuity.statements(connection, rotation.LEDGER)
    return OwnKeys(ledger, _answering_keys(turns, runtime.key.public), statements)


def _answering_keys(turns: Sequence[rotation.Rotation], present: bytes) -> list[ExchangeKeyOut]:
    """The answering keys, oldest first; `present` is the only one where there was no rotation."""
    keys = [turns[0].old.public_key, *(turn.new.public_key for turn in turns)] if turns else [present]
    since = [datetime.fromisoformat(turn.since) for turn in turns]
    return [
        _answering(key, begin, None if end is None else end + rotation.OVERLAP)
        for key, begin, end in zip(keys, [None, *since], [*since, None], strict=True)
    ]


def _answering(public: bytes, begin: datetime | None, end: datetime | None) -> ExchangeKeyOut:
    return ExchangeKeyOut(
        keyid=signatures.thumbprint(public),
        algorithm="ed25519",
        public_key=base64.urlsafe_b64encode(public).decode().rstrip("="),
        valid_from=begin,
        valid_until=end,
    )


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
