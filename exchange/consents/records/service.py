"""The record of a consent with its evidence: the notice, each step with its salt, and the path of a loaded row."""

import asyncio
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.consents import queries
from exchange.consents.loading import queries as loads
from exchange.consents.loading.reading import BY_GUARDIAN, PIECE, Staged, leaf_of
from exchange.consents.models import ConsentNotice
from exchange.consents.statements import loaded_statement
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import driver
from exchange.kernel.work import Work
from exchange.participants.reading import demand_reading
from exchange.subjects import queries as subjects
from ledger.format import merkle
from ledger.verification.consents import record_of

_CODES = {"given": "g", "renewed": "g", "refused": "r", "withdrawn": "w"}


async def read(work: Work, consent_id: UUID) -> dict[str, Any]:
    """The record of a consent in JSON-LD, with its evidence. Raises NotFound, Forbidden."""
    consent, notice = await queries.consent(work.session, demand_reading(work, "consent"), consent_id)
    lookup = await subjects.lookup_of(work.session, consent.subject)
    events = await queries.events(work.session, consent.id)
    steps: list[dict[str, Any]] = [
        {"type": event.type, "statement": event.statement, "salt": event.salt} for event in events
    ]
    loaded = loaded_statement(consent, events)
    if loaded is not None:
        steps.append({"type": f"consent.{loaded['state']}", "statement": loaded})
    if consent.state == "expired" and consent.until is not None:
        expired = {"consent": str(consent.id), "state": "expired", "at": rfc3339(consent.until)}
        steps.append({"type": "consent.expired", "statement": expired})
    for step in steps:
        if "load" in step["statement"] and lookup is not None:
            step.pop("salt", None)
            step.update(await _path(work, step["statement"], lookup))
    shown = {"id": str(notice.id), "digest": notice.digest, "document": notice.document}
    principal = _principal(work, notice, lookup) if lookup is not None else None
    record = record_of(str(consent.id), principal, shown, [step["statement"] for step in steps])
    return {"record": record, "evidence": {"notice": {**shown, "salt": notice.salt}, "steps": steps}}


def _principal(work: Work, notice: ConsentNotice, lookup: bytes) -> str:
    """A pseudonym of the person towards the notice's owner: the same in all records of that owner, in no entry."""
    key = work.runtime.seal.derive("principals of consents")
    return hmac.digest(key, notice.controller_id.bytes + lookup, "sha256")[:16].hex()


async def _path(work: Work, statement: Mapping[str, Any], lookup: bytes) -> dict[str, Any]:
    """The row's leaf, its place in the load's tree, and the path to the root; nothing where the row is not found."""
    row = Staged(
        row=statement["row"],
        lookup=lookup,
        decision=BY_GUARDIAN if statement.get("by_guardian") else _CODES.get(statement["state"], "g"),
        at=datetime.fromisoformat(statement["at"]),
        method=statement["method"],
        proof=bytes.fromhex(statement["proof"]) if statement["proof"] else None,
    )
    leaf = leaf_of(row)
    pieces = await loads.pieces(await driver(work.session), UUID(statement["load"]))
    place = await asyncio.to_thread(_place, pieces, merkle.leaf_hash(leaf), statement["row"])
    if place is None:
        return {}
    index, path = place
    return {"leaf": leaf.hex(), "index": index, "path": [part.hex() for part in path]}


def _place(pieces: list[bytes], leaf: bytes, row: int) -> tuple[int, list[bytes]] | None:
    """The index of a leaf and its path. A row's index is below its number, by the bad rows before it."""
    size = (len(pieces) - 1) * PIECE + len(pieces[-1]) // merkle.HASH_SIZE if pieces else 0
    index = next((index for index in range(min(row, size) - 1, -1, -1) if _leaf(pieces, index) == leaf), None)
    if index is None:
        return None
    return index, merkle.inclusion_proof(_Nodes(pieces), index, size)


def _leaf(pieces: list[bytes], index: int) -> bytes:
    piece, place = divmod(index, PIECE)
    return pieces[piece][place * merkle.HASH_SIZE : (place + 1) * merkle.HASH_SIZE]


class _Nodes:
    """The complete subtrees of a load's tree, each computed once."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._known: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        if level == 0:
            return _leaf(self._pieces, index)
        if (level, index) not in self._known:
            left, right = self(level - 1, 2 * index), self(level - 1, 2 * index + 1)
            self._known[level, index] = merkle.node_hash(left, right)
        return self._known[level, index]
