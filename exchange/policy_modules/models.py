"""The table of modules, private to this room. A row's key is the digest of its content, and a row never changes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Module(Base):
    """An owner's module: the texts of its files by path; `digest` is that of `policies.rego.bundle.digest`."""

    __tablename__ = "policy_modules"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    files: Mapped[dict[str, Any]] = mapped_column(JSONB)
    tests: Mapped[int] = mapped_column(Integer)
    checked_by: Mapped[str] = mapped_column(String(200))
    accepted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
