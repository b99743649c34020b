"""The tables of participants; private to this room."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import CONFLICT, Base

TAKEN = "This key (`public_key`) is registered already; generate a key for each principal."
"""The text of the conflict of two registrations of one key."""


class Organisation(Base):
    """A department, enterprise or service institution."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("state IN ('registered','admitted','suspended','departed')", name="state"),
        CheckConstraint("kind IN ('department','enterprise','institution')", name="kind"),
        UniqueConstraint(
            "handle", info={CONFLICT: "Another organisation has this `handle`, for good; choose another handle."}
        ),
        UniqueConstraint(
            "code",
            info={
                CONFLICT: "An organisation with this unified social credit code (`code`) is registered already; "
                "GET /api/v1/organisations lists it, and its steward enrols further members and systems."
            },
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(18))
    level: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None] = mapped_column(String(12))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    separates_duties: Mapped[bool] = mapped_column(server_default="false")


class PrincipalRow(Base):
    """A member (a person) or a system (a machine client) of an organisation."""

    __tablename__ = "principals"
    __table_args__ = (
        UniqueConstraint(
            "organisation_id",
            "handle",
            info={CONFLICT: "A member or system of this organisation has this `handle`; choose another handle."},
        ),
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
    __table_args__ = (PrimaryKeyConstraint("id", info={CONFLICT: TAKEN}),)

    id: Mapped[str] = mapped_column(String(43))
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
