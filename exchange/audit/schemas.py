"""What the audit room answers."""

from typing import Annotated, Any

from pydantic import Field

from exchange.kernel.schemas import Out


class CheckpointOut(Out):
    """A signed checkpoint."""

    size: int
    note: Annotated[str, Field(description="C2SP signed note")]


class CheckpointsOut(Out):
    """Signed checkpoints, smallest first."""

    checkpoints: list[CheckpointOut]


class EntryOut(Out):
    """An entry, parsed; the bytes that were hashed are at /ledger/entries/{index}."""

    index: int
    prev: str
    body: dict[str, Any]


class EntriesOut(Out):
    """Entries in order, and where to go on."""

    entries: list[EntryOut]
    next: Annotated[int | None, Field(description="The `start` of the next page; null at the end")]


class ExchangeKeyOut(Out):
    """A key the exchange signs answers with."""

    keyid: str
    algorithm: str
    public_key: Annotated[str, Field(description="Ed25519, 32 bytes, base64url")]


class WellKnown(Out):
    """What a client needs to know of this exchange before it trusts an answer."""

    name: str
    origin: Annotated[str, Field(description="The ledger's origin and key name")]
    vkey: Annotated[str, Field(description="The ledger's verifier key (C2SP signed-note)")]
    keys: list[ExchangeKeyOut]
    retention_policy: Annotated[str | None, Field(description="Which entries may be pruned, and when; null: none ever")]
    endpoints: dict[str, str]
