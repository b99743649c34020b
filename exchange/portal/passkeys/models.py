"""The tables of passkeys; private to this folder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

_MOMENT = DateTime(timezone=True)


class Passkey(Base):
    """One passkey of an account. `regressed_at` is when its sign count last failed to grow: there may be a copy of it."""

    __tablename__ = "portal_passkeys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("portal_accounts.id"), index=True)
    credential: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(60))
    is_synced: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    used_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    regressed_at: Mapped[datetime | None] = mapped_column(_MOMENT)


class Challenge(Base):
    """A challenge that waits for its answer: its digest, and the digest of the cookie or of the account it is for.

    `user` is the user handle of a passkey to come.
    """

    __tablename__ = "portal_challenges"
    __table_args__ = (CheckConstraint("purpose IN ('registration','sign-in','enrolment')", name="purpose"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    holder: Mapped[bytes] = mapped_column(LargeBinary)
    user: Mapped[UUID | None] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column(_MOMENT, index=True)
