"""The tables of consents; private to this room. People are numbers here: identifiers are in no row.

Triggers refuse changes to notices and to events.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import CONFLICT, Base

STATES = "'requested','deferred','given','refused','renewed','withdrawn','expired','revoked','invalidated'"


class ConsentScope(Base):
    """The people under one notice, by number. `epoch` advances with every ending, `revision` with givings too."""

    __tablename__ = "consent_scopes"

    scope: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, server_default="0")
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closing: Mapped[str | None] = mapped_column(Text)


class ConsentNotice(Base):
    """One notice (告知书). `document` is what people are shown, with the salted digest that is on the ledger."""

    __tablename__ = "consent_notices"
    __table_args__ = (Index("ix_consent_notices_dataset_id_recipient_id", "dataset_id", "recipient_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[int] = mapped_column(ForeignKey("consent_scopes.scope"), unique=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    controller_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(63))
    fields: Mapped[list[str]] = mapped_column(JSONB)
    identified_by: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(String(64))
    salt: Mapped[str] = mapped_column(String(32))
    term_days: Mapped[int] = mapped_column(Integer)
    in_use_since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Consent(Base):
    """One person's consent under one notice, as it stands. `decided_at` is the person's newest decision.

    `proof` is the digest of what proves it, `guardian` the sealed name and relation of whoever consents for a child.
    """

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index("ix_consents_subject_scope", "subject", "scope"),
        Index("ix_consents_scope_id", "scope", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[int] = mapped_column(Integer)
    subject: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(12))
    asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    method: Mapped[str | None] = mapped_column(String(24))
    proof: Mapped[bytes | None] = mapped_column(LargeBinary)
    guardian: Mapped[bytes | None] = mapped_column(LargeBinary)
    load: Mapped[UUID | None]
    row: Mapped[int | None] = mapped_column(BigInteger)


class ConsentEvent(Base):
    """One step of a consent: the statement whose salted digest is in the entry, as JSON."""

    __tablename__ = "consent_events"
    __table_args__ = (PrimaryKeyConstraint("consent_id", "number"),)

    consent_id: Mapped[UUID] = mapped_column(ForeignKey("consents.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    type: Mapped[str] = mapped_column(String(32))
    statement: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[str] = mapped_column(String(32))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DeletionTask(Base):
    """What a recipient has to delete, since consents ended. `person` is the sealed identifier, until there is evidence."""

    __tablename__ = "deletion_tasks"
    __table_args__ = (
        CheckConstraint("state IN ('ordered','overdue','evidenced')", name="state"),
        Index("ix_deletion_tasks_recipient_id_id", "recipient_id", "id"),
        Index("ix_deletion_tasks_controller_id_id", "controller_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[int] = mapped_column(ForeignKey("consent_scopes.scope"))
    notice_id: Mapped[UUID]
    consent_id: Mapped[UUID | None]
    controller_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    dataset_id: Mapped[UUID]
    people: Mapped[int] = mapped_column(Integer)
    cause: Mapped[str] = mapped_column(String(16))
    person: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(12))
    ordered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    salt: Mapped[str] = mapped_column(String(32))
    evidenced_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ConsentLoad(Base):
    """A file of decisions: what it had, and how far its rows are merged into the records."""

    __tablename__ = "consent_loads"
    __table_args__ = (
        CheckConstraint("state IN ('receiving','received','merged')", name="state"),
        Index(
            "uq_consent_loads_notice_id_digest",
            "notice_id",
            "digest",
            unique=True,
            info={CONFLICT: "This file is being loaded by another request; read the load when it is done."},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("consent_notices.id"))
    controller_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    state: Mapped[str] = mapped_column(String(12))
    digest: Mapped[str | None] = mapped_column(String(64))
    root: Mapped[str | None] = mapped_column(String(64))
    rows: Mapped[int] = mapped_column(BigInteger, server_default="0")
    staged: Mapped[int] = mapped_column(BigInteger, server_default="0")
    bad: Mapped[int] = mapped_column(BigInteger, server_default="0")
    bad_rows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    merged_to: Mapped[int] = mapped_column(BigInteger, server_default="0")
    given: Mapped[int] = mapped_column(BigInteger, server_default="0")
    renewed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refused: Mapped[int] = mapped_column(BigInteger, server_default="0")
    repeated: Mapped[int] = mapped_column(BigInteger, server_default="0")
    outdated: Mapped[int] = mapped_column(BigInteger, server_default="0")
    conflicting: Mapped[int] = mapped_column(BigInteger, server_default="0")
    withdrawn: Mapped[int] = mapped_column(BigInteger, server_default="0")
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    merged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ConsentStaging(Base):
    """A valid row of a load that is not merged yet. It has the person's look-up.

    `sealed` has, of a child's consent, its guardian; of a withdrawal, the identifier for the recipient who has to delete.
    """

    __tablename__ = "consent_staging"
    __table_args__ = (PrimaryKeyConstraint("load", "row"),)

    load: Mapped[UUID]
    row: Mapped[int] = mapped_column(BigInteger)
    lookup: Mapped[bytes] = mapped_column(LargeBinary)
    decision: Mapped[str] = mapped_column(String(1))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    method: Mapped[str | None] = mapped_column(String(24))
    proof: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class ConsentLoadReject(Base):
    """A row of a load that was not taken, and why; never its values."""

    __tablename__ = "consent_load_rejects"
    __table_args__ = (PrimaryKeyConstraint("load", "row"),)

    load: Mapped[UUID]
    row: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)


class ConsentLoadPiece(Base):
    """A piece of a load's Merkle tree: the hashes of 1024 leaves, fewer in the last."""

    __tablename__ = "consent_load_pieces"
    __table_args__ = (PrimaryKeyConstraint("load", "piece"),)

    load: Mapped[UUID]
    piece: Mapped[int] = mapped_column(Integer)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)


class ConsentNow(Base):
    """A person who may be delivered under a scope, until a time."""

    __tablename__ = "consent_now"
    __table_args__ = (
        PrimaryKeyConstraint("scope", "subject", postgresql_include=["until"]),
        Index("ix_consent_now_subject", "subject"),
        Index("ix_consent_now_scope_until", "scope", "until"),
    )

    scope: Mapped[int] = mapped_column(Integer)
    subject: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ConsentWithdrawn(Base):
    """A person whose consent ended in the step to `epoch`; what running deliveries read."""

    __tablename__ = "consent_withdrawn"
    __table_args__ = (PrimaryKeyConstraint("scope", "epoch", "subject"),)

    scope: Mapped[int] = mapped_column(Integer)
    epoch: Mapped[int] = mapped_column(BigInteger)
    subject: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
