"""The table of changes; private to the catalogue."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

STATES = "'due','extended','filed','updated','withdrawn'"


class CatalogueChange(Base):
    """One change that makes an update of a dataset's entry due. `version` is the one that updated it."""

    __tablename__ = "catalog_changes"
    __table_args__ = (CheckConstraint(f"state IN ({STATES})", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    cause: Mapped[str] = mapped_column(String(32))
    document: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    changed_on: Mapped[date] = mapped_column(Date)
    stated_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    filing_id: Mapped[UUID | None] = mapped_column(ForeignKey("catalog_filings.id"))
    version: Mapped[int | None] = mapped_column(Integer)
