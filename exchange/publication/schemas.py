"""Answers of the ledger's public addresses."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from exchange.kernel.schemas import Out


class CheckpointOut(Out):
    """A signed checkpoint."""

    size: int
    note: Annotated[str, Field(description="C2SP signed note")]


class CheckpointsOut(Out):
    """Signed checkpoints, smallest first."""

    checkpoints: list[CheckpointOut]


class TimestampsOut(Out):
    """The sizes of timestamped checkpoints; each timestamp is at /ledger/checkpoints/{size}.tsr."""

    sizes: list[int]


class ExchangeKeyOut(Out):
    """A key that signs answers."""

    keyid: str
    algorithm: str
    public_key: Annotated[str, Field(description="Ed25519, 32 bytes, base64url")]
    valid_from: Annotated[datetime | None, Field(description="Since when, where it replaced another key")] = None
    valid_until: Annotated[datetime | None, Field(description="Until when it signed answers")] = None


class LedgerKeyOut(Out):
    """A key that signs the ledger's checkpoints."""

    vkey: Annotated[str, Field(description="C2SP signed-note")]
    valid_from: Annotated[int, Field(description="The smallest tree size that it signs")]
    valid_until: Annotated[int | None, Field(description="The largest one; null for the present key")] = None


class RotationsOut(Out):
    """The statements by which a key was rotated, in order."""

    statements: Annotated[list[str], Field(description="Signed notes")]


class WellKnown(Out):
    """The keys and addresses that a client pins before it trusts an answer."""

    name: str
    origin: Annotated[str, Field(description="The ledger's origin and key name")]
    vkey: Annotated[str, Field(description="The ledger's verifier key (C2SP signed-note)")]
    further_vkeys: Annotated[
        list[str], Field(description="The verifier keys of further signature lines on checkpoints, ML-DSA-44 or SM2")
    ]
    keys: list[ExchangeKeyOut]
    ledger_keys: list[LedgerKeyOut]
    rotations: Annotated[
        list[str], Field(description="The announcements that lead from former keys to the present ones")
    ]
    retention_policy: Annotated[
        str | None, Field(description="The policy on pruning entries; null: none is ever pruned")
    ]
    endpoints: dict[str, str]
