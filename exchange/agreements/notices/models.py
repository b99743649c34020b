"""The table of notices; private to this room."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

_STATES = "'announced','consulted','carried_out','withdrawn'"


class AgreementNotice(Base):
    """One notice: of a `stop` or `change` of a dataset's sharing, and what becomes of the agreements that it names.

    `agreements` and `consumers` are ids as texts. `statements` are what was stated with each step, with salt and time.
    """

    __tablename__ = "agreement_notices"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("kind IN ('stop','change')", name="kind"),
        CheckConstraint("outcome IN ('terminate','keep')", name="outcome"),
        Index("ix_agreement_notices_consumers", "consumers", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), index=True)
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str] = mapped_column(String(12))
    effective_on: Mapped[date] = mapped_column(Date)
    agreements: Mapped[list[str]] = mapped_column(JSONB)
    consumers: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    statements: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    announced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
