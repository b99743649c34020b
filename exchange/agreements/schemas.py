"""What comes in and goes out about agreements."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from exchange.kernel.schemas import In, Out, Prose

Lane = Literal["government", "operation", "trade", "person"]
State = Literal["active", "suspended", "terminated", "expired"]


class AgreementOut(Out):
    """An agreement, as both sides see it."""

    id: UUID
    application_id: UUID
    dataset_id: UUID
    provider_id: UUID
    consumer_id: UUID
    lane: Lane
    purpose: str
    fields: list[str]
    masks: dict[str, Any]
    row_filter: dict[str, Any] | None
    row_cap: int
    not_before: datetime
    not_after: datetime
    digest: Annotated[str, Field(description="SHA-256 of what both sides accepted, as on the ledger")]
    concluded_at: datetime
    state: State


class Statement(In):
    """Why; kept with the exchange, its digest on the ledger."""

    reason: Prose
