"""The table of applications; private to this room."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

_STATES = "'drafted','extended','submitted','supplement_requested','approved','refused','withdrawn'"


class Application(Base):
    """One application and the owner's answer. `salt` is the salt of all its digests on the ledger.

    `attribute` is the sharing attribute of the dataset when the application was submitted between departments; `amends` the
    agreement whose scope it asks to change. `submitted_at` is when the owner received it: null for a draft.
    """

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("lane IN ('government','operation','trade','person')", name="lane"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    consumer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    lane: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(63))
    fields: Mapped[list[str]] = mapped_column(JSONB)
    answers: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    basis: Mapped[str] = mapped_column(Text)
    scenario: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(String(16))
    row_filter: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    not_after: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    salt: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(24))
    attribute: Mapped[str | None] = mapped_column(String(16))
    is_return_flow: Mapped[bool] = mapped_column(server_default="false")
    amends: Mapped[UUID | None] = mapped_column()
    drafted_by: Mapped[UUID | None] = mapped_column()
    consented_by: Mapped[UUID | None] = mapped_column()
    supplement_wanted: Mapped[str | None] = mapped_column(Text)
    supplement_due: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    supplement: Mapped[str | None] = mapped_column(Text)
    extension_consent: Mapped[UUID | None] = mapped_column()
    extension_consent_reason: Mapped[str | None] = mapped_column(Text)
    extension_days: Mapped[int | None] = mapped_column(Integer)
    extension_reason: Mapped[str | None] = mapped_column(Text)
    extended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reasons: Mapped[str | None] = mapped_column(Text)
    agreement_id: Mapped[UUID | None] = mapped_column(unique=True)
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
