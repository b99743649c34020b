"""The table of sources; private to this room."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Source(Base):
    """A source of an organisation.

    `config` is what its kind stores, `secret` the sealed rest of it. `description` is the adapter's, None before the first.
    `content` is the SHA-256 of the uploaded file, None for kinds without uploads. `content_version` counts what was
    described or uploaded, the last time at `refreshed_at`.
    """

    __tablename__ = "sources"
    __table_args__ = (CheckConstraint("state IN ('registered','ready','withdrawn')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    description: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    content: Mapped[str | None] = mapped_column(String(64))
    rows: Mapped[int | None] = mapped_column(BigInteger)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    content_version: Mapped[int] = mapped_column(default=0, server_default="0")
    refreshed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def options(self) -> dict[str, Any] | None:
        """Options for reading a file, as they were stated; None for kinds without such options."""
        return self.config.get("options")
