"""The tables of corrections; private to this room."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

STATES = "'filed','corrected','confirmed_accurate','withdrawn','settled','disputed'"


class Correction(Base):
    """One matter: what a consumer found wrong under an agreement, and the owner's answer."""

    __tablename__ = "corrections"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint("fault IN ('inaccurate','incomplete')", name="fault"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), index=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"))
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    consumer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    state: Mapped[str] = mapped_column(String(24))
    fault: Mapped[str] = mapped_column(String(12))
    fields: Mapped[list[str]] = mapped_column(JSONB)
    statement: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    content_version: Mapped[int | None] = mapped_column(Integer)
    corrected_version: Mapped[int | None] = mapped_column(Integer)
    answers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    dispute_id: Mapped[UUID | None] = mapped_column(ForeignKey("disputes.id"))
    filed_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    filed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CorrectionPerson(Base):
    """A person whose record is wrong: the sealed identifier, and the number with which it ends on the person's erasure."""

    __tablename__ = "correction_people"

    correction_id: Mapped[UUID] = mapped_column(ForeignKey("corrections.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    subject: Mapped[int] = mapped_column(Integer, index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
