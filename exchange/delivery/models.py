"""The tables of streamed deliveries and of counted requests; private to this room.

A page needs no row: it is its ledger entry.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Stream(Base):
    """A stream: its entries, and the size and digest of what left, once it has ended."""

    __tablename__ = "delivery_streams"
    __table_args__ = (CheckConstraint("state IN ('started','completed','aborted')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consumer_id: Mapped[UUID] = mapped_column(index=True)
    provider_id: Mapped[UUID] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(16))
    started_entry: Mapped[int] = mapped_column(BigInteger)
    ended_entry: Mapped[int | None] = mapped_column(BigInteger)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    content: Mapped[str | None] = mapped_column(String(64))
    cut_by_row_cap: Mapped[bool | None]
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Count(Base):
    """The number of requests under an agreement in the latest period of a cap."""

    __tablename__ = "delivery_counts"

    agreement_id: Mapped[UUID] = mapped_column(primary_key=True)
    seconds: Mapped[int] = mapped_column(Integer, primary_key=True)
    period: Mapped[int] = mapped_column(BigInteger)
    requests: Mapped[int] = mapped_column(BigInteger)
