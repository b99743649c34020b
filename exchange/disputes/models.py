"""The tables of disputes; private to this room."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

_STATES = "'negotiating','settled','applied_to_authority','coordinating','agreed','referred','decided'"


class Dispute(Base):
    """One dispute, about the `matter_id` of a kind, between the provider and the demander of the matter."""

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("matter_kind IN ('application','agreement','correction')", name="matter_kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_kind: Mapped[str] = mapped_column(String(16))
    matter_id: Mapped[UUID] = mapped_column(index=True)
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    demander_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    state: Mapped[str] = mapped_column(String(24))
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DisputeStatement(Base):
    """What was stated when a dispute was opened or took a step; the entry of this `type` has its digest."""

    __tablename__ = "dispute_statements"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dispute_id: Mapped[UUID] = mapped_column(ForeignKey("disputes.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    type: Mapped[str] = mapped_column(String(32))
    statement: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
