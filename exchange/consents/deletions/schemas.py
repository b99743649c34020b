"""Requests and answers about deletions."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from exchange.consents.schemas import Proof
from exchange.kernel.schemas import In, Moment, Out, Prose, Salt, with_example


class Evidence(In):
    """How the recipient deleted the data, and what proves it."""

    model_config = with_example({"method": "覆盖删除主库与备份", "deleted_at": "2026-07-01T10:00:00+08:00"})

    method: Prose
    deleted_at: Moment
    proof: Annotated[
        Proof | None, Field(description="SHA-256 of a protocol or certificate; the recipient keeps it")
    ] = None


class DeletionOut(Out):
    """A deletion, as both sides see it."""

    id: UUID
    notice_id: UUID
    consent_id: Annotated[UUID | None, Field(description="The consent that ended; null for a number of people")]
    controller_id: UUID
    recipient_id: UUID
    dataset_id: UUID
    people: int
    cause: Literal["withdrawn", "revoked", "invalidated", "expired"]
    state: Literal["ordered", "overdue", "evidenced"]
    ordered_at: datetime
    due: Annotated[date | None, Field(description="The last day, in Asia/Shanghai; null until that year is loaded")]
    evidence: dict[str, Any] | None
    salt: Salt
    evidenced_at: datetime | None


class PersonOut(Out):
    """Whom to delete; nobody where the recipient never got identifiers, or nobody recorded them."""

    field: str | None
    value: Annotated[str | None, Field(description="The identifier, where it is one person")]
    values: Annotated[list[str], Field(description="The identifiers of all, such as of withdrawals in one file")]
