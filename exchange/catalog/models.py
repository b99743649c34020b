"""The tables of the catalogue; private to this room."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Dataset(Base):
    """A dataset: its draft, the number of its published version, and the reason of its withdrawal."""

    __tablename__ = "datasets"
    __table_args__ = (
        UniqueConstraint("organisation_id", "handle"),
        CheckConstraint("state IN ('draft','published','withdrawn')", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    handle: Mapped[str] = mapped_column(String(63))
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    withdrawal: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    drafted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DatasetVersion(Base):
    """A published version: exactly the document whose salted digest is on the ledger."""

    __tablename__ = "dataset_versions"

    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(String(64))
    salt: Mapped[str] = mapped_column(String(32))
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
