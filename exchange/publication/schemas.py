"""What the public addresses of the ledger answer."""

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
    """Which checkpoints have timestamps; each is at /ledger/checkpoints/{size}.tsr."""

    sizes: list[int]


class ExchangeKeyOut(Out):
    """A key the exchange signs answers with."""

    keyid: str
    algorithm: str
    public_key: Annotated[str, Field(description="Ed25519, 32 bytes, base64url")]
    valid_from: Annotated[datetime | None, Field(description="Since when, where it took the place of another")] = None
    valid_until: Annotated[datetime | None, Field(description="Until when answers were signed with it")] = None


class LedgerKeyOut(Out):
    """A key the ledger's checkpoints are signed with."""

    vkey: Annotated[str, Field(description="C2SP signed-note")]
    valid_from: Annotated[int, Field(description="The first tree size that it signs")]
    valid_until: Annotated[int | None, Field(description="The last one; null for the key of today")] = None


class RotationsOut(Out):
    """The statements by which a key was rotated, in order."""

    statements: Annotated[list[str], Field(description="Signed notes")]


class WellKnown(Out):
    """What a client needs to know of this exchange before it trusts an answer."""

    name: str
    origin: Annotated[str, Field(description="The ledger's origin and key name")]
    vkey: Annotated[str, Field(description="The ledger's verifier key (C2SP signed-note)")]
    further_vkeys: Annotated[
        list[str], Field(description="The verifier keys of further signature lines on checkpoints, ML-DSA-44 or SM2")
    ]
    keys: list[ExchangeKeyOut]
    ledger_keys: list[LedgerKeyOut]
    rotations: Annotated[list[str], Field(description="The statements that lead from former keys to those of today")]
    retention_policy: Annotated[str | None, Field(description="Which entries may be pruned, and when; null: none ever")]
    endpoints: dict[str, str]
