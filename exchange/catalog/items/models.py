"""The table of source departments; private to the catalogue."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class ItemSource(Base):
    """The department that the authority named as the source of an item. The latest row of an item holds."""

    __tablename__ = "catalog_item_sources"
    __table_args__ = (Index("ix_catalog_item_sources_item", "item", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(String(200))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    reason: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    named_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    named_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
