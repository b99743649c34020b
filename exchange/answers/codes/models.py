"""The table of codes; private to this folder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class AnswerCode(Base):
    """One code: the digest of its secret, what it shows, to whom and until when.

    `person` is the sealed identifier; it is deleted when the code ends. `subject` is the person's number.
    """

    __tablename__ = "answer_codes"
    __table_args__ = (CheckConstraint("state IN ('issued','redeemed','revoked','expired')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    subject: Mapped[int] = mapped_column(index=True)
    person: Mapped[bytes | None] = mapped_column(LargeBinary)
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    field: Mapped[str] = mapped_column(String)
    purpose: Mapped[str] = mapped_column(String(63))
    answers: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
