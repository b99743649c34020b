"""The table of deferrals; private to this folder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Deferral(Base):
    """One deferral of what an organisation does with a dataset for a purpose.

    It covers entries from `begins_at`, the second signature's time, until `visible_from`, when all of them appear. One that
    extends another begins where that one does.
    """

    __tablename__ = "disclosure_deferrals"
    __table_args__ = (
        CheckConstraint("(confirmed_by IS NULL) = (begins_at IS NULL)", name="confirmed"),
        CheckConstraint("confirmed_by <> proposed_by", name="two_people"),
        Index("ix_disclosure_deferrals_dataset_id", "dataset_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    purpose: Mapped[str] = mapped_column(String(63))
    law: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    extends_id: Mapped[UUID | None] = mapped_column(ForeignKey("disclosure_deferrals.id"))
    visible_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    begins_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
