"""The tables of policy bundles and decision inputs, private to this room. A row's key is the digest of its content."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class PolicyBundle(Base):
    """A policy bundle: the texts of its files by path; `digest` is that of `policies.rego.bundle.digest`."""

    __tablename__ = "policy_bundles"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    files: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DecisionInput(Base):
    """An input document without its time; `digest` is SHA-256 over the salt of the dataset's version and these bytes."""

    __tablename__ = "decision_inputs"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
