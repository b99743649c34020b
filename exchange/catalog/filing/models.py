"""The table of filings; private to the catalogue."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import CONFLICT, Base

STATES = "'assessed','consented','filed','returned','published','replaced','discarded','withdrawn'"


class Filing(Base):
    """One draft's way to the catalogue. `document` is the digest of the draft that it is about."""

    __tablename__ = "catalog_filings"
    __table_args__ = (
        Index(
            "uq_catalog_filings_open",
            "dataset_id",
            unique=True,
            postgresql_where=text("state IN ('assessed','consented','filed','returned')"),
            info={CONFLICT: "The draft of this dataset has been assessed already; read its filing."},
        ),
        CheckConstraint(f"state IN ({STATES})", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    document: Mapped[str] = mapped_column(String(64))
    secrecy: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[str] = mapped_column(String(32))
    assessed_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    assessed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    consented_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    consented_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    publication: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    filed_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    filed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    reviewed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int | None] = mapped_column(Integer)
