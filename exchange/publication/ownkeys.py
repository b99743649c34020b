"""The exchange's public keys as it publishes them: the present ones, the former ones, and the announcements between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import signatures
from exchange.kernel.database import Connection
from exchange.kernel.runtime import Runtime
from exchange.publication.schemas import ExchangeKeyOut, LedgerKeyOut
from groundwork import base64url
from ledger.format import note, rotation
from ledger.log import continuity


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The exchange's own public keys, oldest first, and the statements that lead to those of today; the ledger's
    newest.
    """

    newest: note.Verifier
    ledger: list[LedgerKeyOut]
    answers: list[ExchangeKeyOut]
    statements: list[str]


async def own_keys(runtime: Runtime, connection: Connection, first: note.Verifier) -> OwnKeys:
    """The keys that sign and signed checkpoints and answers. `first` is the ledger's key before its first rotation."""
    history = await continuity.history(connection, first)
    ends = [size - 1 for size, _ in history.keys[1:]]
    ledger = [
        LedgerKeyOut(vkey=key.vkey, valid_from=size, valid_until=end)
        for (size, key), end in zip(history.keys, [*ends, None], strict=True)
    ]
    statements = await continuity.read_announcements(connection, rotation.ANSWERS)
    turns = [rotation.parse(statement) for statement in statements]
    statements += await continuity.read_announcements(connection, rotation.LEDGER)
    return OwnKeys(history.newest, ledger, _answering_keys(turns, runtime.key.public), statements)


def _answering_keys(turns: Sequence[rotation.Rotation], present: bytes) -> list[ExchangeKeyOut]:
    """The answering keys, oldest first; without a rotation `present` is the only one."""
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
        public_key=base64url.encode(public),
        valid_from=begin,
        valid_until=end,
    )
