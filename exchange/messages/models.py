"""The table of messages, private to this room."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, DateTime, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Message(Base):
    """One message to an organisation. `key` names what caused it: the same cause gives one message."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("organisation_id", "key"),
        Index("ix_messages_unread", "organisation_id", "id", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(String(63))
    matter_kind: Mapped[str] = mapped_column(String(32))
    matter_id: Mapped[UUID]
    day: Mapped[date | None] = mapped_column(Date)
    key: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    read_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
