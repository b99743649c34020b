"""The tables of messages and of the webhooks that they are posted to, private to this room."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
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


class Webhook(Base):
    """A server of an organisation. `kinds` are the kinds of messages that it takes, all where there are none.

    `failures` are those in a row; until `retry_at`, nothing is posted. `salt` is that of the URL's digest on the ledger.
    """

    __tablename__ = "webhooks"
    __table_args__ = (CheckConstraint("state IN ('active','held','removed')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    url: Mapped[str] = mapped_column(String(1000))
    kinds: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    failures: Mapped[int] = mapped_column(Integer)
    last_failure: Mapped[str | None] = mapped_column(String(64))
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    salt: Mapped[str] = mapped_column(String(32))
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    registered_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))


class WebhookDelivery(Base):
    """A message that waits to be posted to a webhook; the row goes once it is delivered."""

    __tablename__ = "webhook_deliveries"

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id"), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"), primary_key=True)
