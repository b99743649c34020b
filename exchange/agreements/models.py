"""The tables of agreements; private to this room. A trigger refuses changes to anything but the state."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Agreement(Base):
    """One grant. `mask_key` is the sealed key of its hash masks: hashes of two agreements never match.

    `contract` is the SHA-256 of the contract that both sides signed, where the agreement comes from an order.
    """

    __tablename__ = "agreements"
    __table_args__ = (
        CheckConstraint("state IN ('provisioning','active','suspended','terminated','expired')", name="state"),
        CheckConstraint("lane IN ('government','operation','trade','person')", name="lane"),
        Index("ix_agreements_consumer_id_dataset_id", "consumer_id", "dataset_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(unique=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    dataset_version: Mapped[int] = mapped_column(Integer)
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    consumer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    lane: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(63))
    fields: Mapped[list[str]] = mapped_column(JSONB)
    answers: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    masks: Mapped[dict[str, Any]] = mapped_column(JSONB)
    row_filter: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    row_cap: Mapped[int] = mapped_column(BigInteger)
    not_before: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    not_after: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    assessments: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    resharing: Mapped[bool] = mapped_column(server_default="false")
    price: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    billing: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    amends: Mapped[UUID | None]
    contract: Mapped[str | None] = mapped_column(String(64))
    mask_key: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(64))
    salt: Mapped[str] = mapped_column(String(32))
    concluded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(16))


class AgreementNarrowing(Base):
    """An owner's narrowing of an agreement: it takes effect from `narrowed_at` on, and is never taken back.

    `without` are fields that are no longer granted. `digest` is on the ledger.
    """

    __tablename__ = "agreement_narrowings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"), index=True)
    without: Mapped[list[str]] = mapped_column(JSONB)
    masks: Mapped[dict[str, Any]] = mapped_column(JSONB)
    row_filter: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    row_cap: Mapped[int | None] = mapped_column(BigInteger)
    not_after: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    salt: Mapped[str] = mapped_column(String(32))
    narrowed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AgreementStatement(Base):
    """The reason why an agreement changed, or what a publication changed for it; the entry of this `type` has its digest.

    `by` is the principal who changed it; None in a statement of a former version of the exchange. `ground` is that of a
    suspension between departments.
    """

    __tablename__ = "agreement_statements"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"), index=True)
    type: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by: Mapped[UUID | None]
    ground: Mapped[str | None] = mapped_column(String(16))


class AgreementRecord(Base):
    """A record about an agreement between departments: of its use, a disposal, a report. It never changes.

    `document` is what was stated; the entry of `type` has its digest. `organisation_id` is who stated it.
    """

    __tablename__ = "agreement_records"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    type: Mapped[str] = mapped_column(String(32))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[str] = mapped_column(String(32))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
