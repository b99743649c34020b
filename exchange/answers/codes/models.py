"""The tables of codes; private to this folder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Integer, LargeBinary, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class AnswerCode(Base):
    """One code: the digest of its secret, what it shows, to whom and until when.

    `person` is the sealed identifier; it and `digest` are deleted when the code ends. `subject` is the person's number.
    `wrong` counts, for a short code, the recipient's wrong tries since it was issued.
    """

    __tablename__ = "answer_codes"
    __table_args__ = (
        CheckConstraint("state IN ('issued','redeemed','revoked','expired')", name="state"),
        CheckConstraint("form IN ('qr','digits')", name="form"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    form: Mapped[str] = mapped_column(String(8), server_default="qr")
    wrong: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    subject: Mapped[int] = mapped_column(index=True)
    person: Mapped[bytes | None] = mapped_column(LargeBinary)
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    field: Mapped[str] = mapped_column(String)
    purpose: Mapped[str] = mapped_column(String(63))
    answers: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class WrongTries(Base):
    """How many short codes an organisation has tried that are none, in a minute and in a day since the epoch (UTC).

    The row of no organisation (the nil UUID) counts those of all.
    """

    __tablename__ = "answer_code_tries"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    minute: Mapped[int] = mapped_column(BigInteger)
    in_minute: Mapped[int] = mapped_column(Integer)
    day: Mapped[int] = mapped_column(Integer)
    in_day: Mapped[int] = mapped_column(Integer)
