"""The tables of participants; private to this room."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Organisation(Base):
    """A department, enterprise or service institution."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("state IN ('registered','admitted','suspended','departed')", name="state"),
        CheckConstraint("kind IN ('department','enterprise','institution')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(String(63), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(18), unique=True)
    level: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None] = mapped_column(String(12))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PrincipalRow(Base):
    """A member (a person) or a system (a machine client) of an organisation."""

    __tablename__ = "principals"
    __table_args__ = (
        UniqueConstraint("organisation_id", "handle"),
        CheckConstraint("kind IN ('member','system')", name="kind"),
        CheckConstraint("state IN ('active','suspended')", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    handle: Mapped[str] = mapped_column(String(63))
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    enrolled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Key(Base):
    """An Ed25519 public key; its id is its RFC 7638 thumbprint."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    not_before: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    not_after: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RoleAssignment(Base):
    """A role that a principal holds in a domain: an organisation's id, or `exchange`."""

    __tablename__ = "role_assignments"

    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)
    domain: Mapped[str] = mapped_column(String(36), primary_key=True)
    assigned_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
