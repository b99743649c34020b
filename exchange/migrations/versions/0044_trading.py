"""Trading: listings, offers, orders; and the contract that an agreement comes from.

Revision: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_TABLES = ("trade_listings", "trade_offers", "trade_orders")
_LISTING_STATES = "'draft','in_review','approved','rejected','listed','suspended','delisted'"
_ORDER_STATES = (
    "'placed','contract_drafted','half_signed','signed','awaiting_payment','delivering','delivered','objected',"
    "'disputed','accepted','deemed_accepted','refunded','settled','closed','cancelled','terminated'"
)
_AMOUNTS = "0 <= refunded AND refunded <= paid AND paid <= amount AND 0 <= frozen AND frozen + reduced <= amount AND 0 <= reduced"


def _references(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))
        for column, target in targets.items()
    ]


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    op.add_column("agreements", sa.Column("contract", sa.String(64), nullable=True))
    op.create_table(
        "trade_listings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("searched", sa.Text(), nullable=False),
        sa.Column("statements", _JSON, nullable=False),
        sa.Column("drafted_at", _TIME, nullable=False),
        sa.Column("listed_at", _TIME, nullable=True),
        _check("trade_listings", "state", f"state IN ({_LISTING_STATES})"),
        *_references("trade_listings", dataset_id="datasets", seller_id="organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trade_listings")),
    )
    for column in ("dataset_id", "seller_id"):
        op.create_index(op.f(f"ix_trade_listings_{column}"), "trade_listings", [column])
    op.create_index("ix_trade_listings_state", "trade_listings", ["state"])
    op.create_table(
        "trade_offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("buyers", _JSON, nullable=False),
        sa.Column("places", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        _check("trade_offers", "places", "0 <= taken AND (places IS NULL OR taken <= places)"),
        *_references("trade_offers", listing_id="trade_listings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trade_offers")),
    )
    op.create_index(op.f("ix_trade_offers_listing_id"), "trade_offers", ["listing_id"])
    _create_orders()
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO exchange_app")


def _create_orders() -> None:
    op.create_table(
        "trade_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        *(
            sa.Column(name, sa.Uuid(), nullable=False)
            for name in ("offer_id", "listing_id", "dataset_id", "seller_id", "buyer_id")
        ),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("wanted", _JSON, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("is_trial", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("contract", _JSON, nullable=True),
        sa.Column("contract_digest", sa.String(64), nullable=True),
        sa.Column("signatures", _JSON, nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in ("amount", "paid", "frozen", "reduced", "refunded")
        ),
        sa.Column("statements", _JSON, nullable=False),
        sa.Column("placed_at", _TIME, nullable=False),
        sa.Column("sign_by", _TIME, nullable=False),
        sa.Column("delivered_at", _TIME, nullable=True),
        sa.Column("inspect_by", _TIME, nullable=True),
        _check("trade_orders", "state", f"state IN ({_ORDER_STATES})"),
        _check("trade_orders", "amounts", _AMOUNTS),
        *_references(
            "trade_orders",
            offer_id="trade_offers",
            listing_id="trade_listings",
            dataset_id="datasets",
            seller_id="organisations",
            buyer_id="organisations",
            agreement_id="agreements",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trade_orders")),
        sa.UniqueConstraint("agreement_id", name=op.f("uq_trade_orders_agreement_id")),
    )
    for column in ("offer_id", "seller_id"):
        op.create_index(op.f(f"ix_trade_orders_{column}"), "trade_orders", [column])
    op.create_index("uq_trade_orders_buyer_reference", "trade_orders", ["buyer_id", "reference"], unique=True)
    op.create_index(
        "uq_trade_orders_trial",
        "trade_orders",
        ["offer_id", "buyer_id"],
        unique=True,
        postgresql_where=sa.text("is_trial AND state <> 'cancelled'"),
    )
    op.create_index(
        "ix_trade_orders_timed",
        "trade_orders",
        ["state"],
        postgresql_where=sa.text("state IN ('placed','contract_drafted','half_signed','delivered')"),
    )


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_column("agreements", "contract")
