"""The tables of rights; private to this room.

No constraint makes a dataset and a right unique: several holders may have the same right over the same data.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import CONFLICT, Base

KINDS = "'initial','renewal','transfer','change','cancellation'"
STATES = (
    "'draft','discarded','filed','returned','not_filed','under_review','awaiting_evidence','in_publicity','objected',"
    "'publicity_waived','refused','terminated','withdrawn','deposited'"
)
_GOES_ON = (
    "record_id IS NOT NULL AND state IN ('draft','filed','returned','under_review','awaiting_evidence','in_publicity',"
    "'objected','publicity_waived')"
)
_ONE_OPEN = "Another application about this record goes on; withdraw it first, or wait for its end."


class RightsApplication(Base):
    """An application: for a new registration (`initial`), or about a record. `form` is what is applied for.

    `accepted_on` is the day from which the review counts; None also where the calendar does not reach it yet.
    """

    __tablename__ = "rights_applications"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(
            "uq_rights_applications_record_open",
            "record_id",
            unique=True,
            postgresql_where=text(_GOES_ON),
            info={CONFLICT: _ONE_OPEN},
        ),
        Index("ix_rights_applications_state", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(20))
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    record_id: Mapped[UUID | None] = mapped_column(ForeignKey("rights_records.id", use_alter=True))
    form: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[str] = mapped_column(String(32))
    contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    drafted_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    drafted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    filed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    accepted_on: Mapped[date | None] = mapped_column(Date)
    is_deemed_accepted: Mapped[bool] = mapped_column(server_default="false")
    publicity_from: Mapped[date | None] = mapped_column(Date)
    registered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RightsParty(Base):
    """A party beside the applicant, such as a further holder or a transferee, and its confirmation of the present form."""

    __tablename__ = "rights_parties"

    application_id: Mapped[UUID] = mapped_column(ForeignKey("rights_applications.id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True, index=True)
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RightsStatement(Base):
    """What somebody stated at a step of an application or a record; `codes` are reasons by their names. Append-only."""

    __tablename__ = "rights_statements"
    __table_args__ = (
        CheckConstraint("(application_id IS NULL) <> (record_id IS NULL)", name="about"),
        Index("ix_rights_statements_application_id", "application_id", "id"),
        Index("ix_rights_statements_record_id", "record_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID | None] = mapped_column(ForeignKey("rights_applications.id"))
    record_id: Mapped[UUID | None] = mapped_column(ForeignKey("rights_records.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    type: Mapped[str] = mapped_column(String(48))
    statement: Mapped[str] = mapped_column(Text)
    codes: Mapped[list[str]] = mapped_column(JSONB)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    salt: Mapped[str] = mapped_column(String(32))
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class RightsObjection(Base):
    """An organisation's objection to a publicised application, under its name and with evidence."""

    __tablename__ = "rights_objections"
    __table_args__ = (CheckConstraint("state IN ('open','upheld','dismissed','over')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("rights_applications.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    statement: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    decision: Mapped[str | None] = mapped_column(Text)
    filed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RightsRecord(Base):
    """One holder's registered rights over a dataset. `document` is what is public about it; its digest is on the ledger.

    `version` counts what it stated since: with each renewal, change and transfer in part it states something else.
    """

    __tablename__ = "rights_records"
    __table_args__ = (
        CheckConstraint("state IN ('valid','restricted','transferred','cancelled','lapsed')", name="state"),
        Index("uq_rights_records_code", "code", unique=True),
        Index("ix_rights_records_ending", "valid_until", postgresql_where=text("state IN ('valid','restricted')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16))
    application_id: Mapped[UUID] = mapped_column(ForeignKey("rights_applications.id"), index=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[date] = mapped_column(Date)
    version: Mapped[int] = mapped_column(Integer, server_default="1")


class RightsHolding(Base):
    """One right of a record. It ends with the record, or with its transfer (`ended_at`)."""

    __tablename__ = "rights_holdings"
    __table_args__ = (CheckConstraint("\"right\" IN ('HOLD','USE','OPERATE')", name="right"),)

    record_id: Mapped[UUID] = mapped_column(ForeignKey("rights_records.id"), primary_key=True)
    right: Mapped[str] = mapped_column(String(8), primary_key=True)
    until: Mapped[date | None] = mapped_column(Date)
    limits: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RightsSerial(Base):
    """The last serial number of a month's registration codes."""

    __tablename__ = "rights_serials"

    month: Mapped[str] = mapped_column(String(6), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class OutsideCertificate(Base):
    """The number of a 数据产权登记凭证 that a listed registrar issued, linked to a record: what its holder stated of it, and
    what a registrar of this exchange found when checking it.
    """

    __tablename__ = "rights_certificates"
    __table_args__ = (
        CheckConstraint("stated IN ('valid','lapsed','cancelled')", name="stated"),
        CheckConstraint("checked IN ('unchecked','confirmed','contradicted','not_found')", name="checked"),
        Index(
            "uq_rights_certificates_record_number",
            "record_id",
            "number",
            unique=True,
            info={CONFLICT: "This certificate is linked to the record already."},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("rights_records.id"))
    number: Mapped[str] = mapped_column(String(15))
    registrar: Mapped[str] = mapped_column(Text)
    stated: Mapped[str] = mapped_column(String(12))
    checked: Mapped[str] = mapped_column(String(12))
    linked_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    checked_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
