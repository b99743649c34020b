"""The tables of trading; private to this room. Amounts are integers of the currency's smallest unit (fen)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import CONFLICT, Base

LISTING_STATES = "'draft','in_review','approved','rejected','listed','suspended','delisted'"
ORDER_STATES = (
    "'placed','contract_drafted','half_signed','signed','awaiting_payment','delivering','delivered','objected',"
    "'disputed','accepted','deemed_accepted','refunded','settled','closed','cancelled','terminated'"
)
AMOUNTS = (
    "0 <= refunded AND refunded <= paid AND paid - refunded <= amount "
    "AND 0 <= frozen AND frozen + reduced <= amount AND 0 <= reduced"
)
_ONE_TRIAL = "Your organisation has had this trial; order another offer."


class Listing(Base):
    """What a seller states about a dataset. `searched` is the text in which words are looked for, in lower case."""

    __tablename__ = "trade_listings"
    __table_args__ = (
        CheckConstraint(f"state IN ({LISTING_STATES})", name="state"),
        Index("ix_trade_listings_state", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[str] = mapped_column(String(32))
    searched: Mapped[str] = mapped_column(Text)
    statements: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    drafted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    listed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Offer(Base):
    """One offer of a listing. `document` never changes; `taken` counts the orders that are not cancelled.

    `buyers` are the organisations that it is made to; empty for everybody.
    """

    __tablename__ = "trade_offers"
    __table_args__ = (CheckConstraint("0 <= taken AND (places IS NULL OR taken <= places)", name="places"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("trade_listings.id"), index=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[str] = mapped_column(String(32))
    buyers: Mapped[list[str]] = mapped_column(JSONB)
    places: Mapped[int | None] = mapped_column(Integer)
    taken: Mapped[int] = mapped_column(Integer, server_default="0")
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Order(Base):
    """One order. `reference` is the buyer's own, so that an order that is sent again is the same order.

    `contract` is the document that both sides sign, `signatures` who signed it with which key. Of `amount`, `frozen` is in
    dispute, `reduced` is no longer due; `paid` and `refunded` are what the seller stated.
    """

    __tablename__ = "trade_orders"
    __table_args__ = (
        CheckConstraint(f"state IN ({ORDER_STATES})", name="state"),
        CheckConstraint(AMOUNTS, name="amounts"),
        Index("uq_trade_orders_buyer_reference", "buyer_id", "reference", unique=True),
        Index(
            "uq_trade_orders_trial",
            "offer_id",
            "buyer_id",
            unique=True,
            postgresql_where=text("is_trial AND state <> 'cancelled'"),
            info={CONFLICT: _ONE_TRIAL},
        ),
        Index(
            "ix_trade_orders_timed",
            "state",
            postgresql_where=text("state IN ('placed','contract_drafted','half_signed','delivered')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("trade_offers.id"), index=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("trade_listings.id"))
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    reference: Mapped[str] = mapped_column(String(64))
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[str] = mapped_column(String(32))
    is_trial: Mapped[bool] = mapped_column(server_default="false")
    contract: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    contract_digest: Mapped[str | None] = mapped_column(String(64))
    signatures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("agreements.id"), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger, server_default="0")
    paid: Mapped[int] = mapped_column(BigInteger, server_default="0")
    frozen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reduced: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refunded: Mapped[int] = mapped_column(BigInteger, server_default="0")
    statements: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sign_by: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    inspect_by: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
