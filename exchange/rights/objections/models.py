"""The table of objections to records; private to this room."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

STATES = "'filed','holder_told','rejected','agreed','contested','upheld','dismissed','withdrawn'"


class RecordObjection(Base):
    """An organisation's objection to a record. `statements` are what each side stated, each with its salt, in order."""

    __tablename__ = "rights_record_objections"
    __table_args__ = (CheckConstraint(f"state IN ({STATES})", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("rights_records.id"), index=True)
    holder_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    statements: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    filed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
