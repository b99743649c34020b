"""The tables of subjects; private to this room. Sealed details are in a table of the ledger, beside the entries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Subject(Base):
    """A subject's data key, wrapped under its slot. `lookup` is a MAC of its identity, under a key outside the
    database.
    """

    __tablename__ = "subjects"

    lookup: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    pseudonym: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    key_id: Mapped[UUID]
    slot: Mapped[int] = mapped_column(BigInteger)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class SubjectNumber(Base):
    """A person's number: dense, so that a set of people is a bitmap. It is given once and never again."""

    __tablename__ = "subject_numbers"

    number: Mapped[int] = mapped_column(Integer, Identity(always=True, minvalue=0, start=0), primary_key=True)
    lookup: Mapped[bytes] = mapped_column(LargeBinary, unique=True)


class Hold(Base):
    """A legal hold on a subject's details. The entries that placed and lifted it hold salted digests of the reasons."""

    __tablename__ = "subject_holds"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pseudonym: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    basis: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    placed_entry: Mapped[int] = mapped_column(BigInteger)
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    lifting: Mapped[str | None] = mapped_column(Text)
    lifted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Erasure(Base):
    """An erasure, executed by `entry`. `destroyed_at` is when the secret in `slot` was destroyed too."""

    __tablename__ = "subject_erasures"

    pseudonym: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    key_id: Mapped[UUID]
    slot: Mapped[int] = mapped_column(BigInteger)
    entry: Mapped[int] = mapped_column(BigInteger)
    details: Mapped[int] = mapped_column(BigInteger)
    erased_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    destroyed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
