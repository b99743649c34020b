"""The tables of the portal; private to this room. No identifier of a person is in the clear in any row."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Integer, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

_MOMENT = DateTime(timezone=True)


class SignIn(Base):
    """A sign-in that began: digests of its state and of the browser's cookie. Its callback deletes it."""

    __tablename__ = "portal_sign_ins"

    state: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    browser: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(_MOMENT, index=True)


class Account(Base):
    """A person at an identity provider: `holder` is a MAC of issuer and subject; None for one who enrolled at a desk."""

    __tablename__ = "portal_accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    holder: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(_MOMENT)


class BoundIdentity(Base):
    """An identifier of an account's person: the person's number, and the sealed identity.

    `vouched_by` is the organisation whose code bound it; None where the provider proved it, or a former version bound it.
    """

    __tablename__ = "portal_identities"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("portal_accounts.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    level: Mapped[str] = mapped_column(String(200))
    method: Mapped[str] = mapped_column(String(24))
    verified_at: Mapped[datetime] = mapped_column(_MOMENT)
    vouched_by: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))


class Session(Base):
    """A session; `token` is the digest of the cookie's value."""

    __tablename__ = "portal_sessions"

    token: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("portal_accounts.id"), index=True)
    level: Mapped[str] = mapped_column(String(200))
    method: Mapped[str] = mapped_column(String(24))
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    seen_at: Mapped[datetime] = mapped_column(_MOMENT)
    ends_at: Mapped[datetime] = mapped_column(_MOMENT, index=True)


class BindingCode(Base):
    """A code with which a person binds an identifier once; `code` is its digest, `lookup` the person's.

    One that `recovers` takes the identifier from the account that has it, where the same organisation vouched for that one.
    """

    __tablename__ = "portal_codes"

    code: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    lookup: Mapped[bytes] = mapped_column(LargeBinary)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    field: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(200))
    recovers: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(SmallInteger)
    expires_at: Mapped[datetime] = mapped_column(_MOMENT, index=True)
