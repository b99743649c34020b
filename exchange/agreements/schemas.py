"""Requests and answers about agreements."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from exchange.catalog.terms.schemas import Assessments, Price
from exchange.kernel.schemas import In, Out, Prose, Salt, with_example

Lane = Literal["government", "operation", "trade", "person"]
State = Literal["active", "suspended", "terminated", "expired"]


class AgreementOut(Out):
    """An agreement, as both sides see it."""

    id: UUID
    application_id: UUID
    dataset_id: UUID
    dataset_version: int
    provider_id: UUID
    consumer_id: UUID
    lane: Lane
    purpose: str
    fields: list[str]
    masks: dict[str, Any]
    row_filter: dict[str, Any] | None
    row_cap: int
    assessments: Annotated[
        Assessments, Field(description="The assessments that the owner put on file with this agreement")
    ]
    resharing: Annotated[bool, Field(description="Whether the consumer may pass the data on")]
    price: Annotated[Price | None, Field(description="The price in the terms; never between departments")]
    not_before: datetime
    not_after: datetime
    digest: Annotated[
        str, Field(description="The salted digest, as on the ledger, of the document that both sides accepted")
    ]
    salt: Salt
    concluded_at: datetime
    state: State


class Statement(In):
    """The reason for a change. The exchange keeps it; the ledger holds its salted digest."""

    model_config = with_example({"reason": "核查超范围使用"})

    reason: Prose


class StatementOut(Out):
    """The reason of an agreement's change, as both sides see it."""

    type: Literal["agreement.suspended", "agreement.resumed", "agreement.terminated"]
    reason: str
    salt: Salt
    stated_at: datetime
