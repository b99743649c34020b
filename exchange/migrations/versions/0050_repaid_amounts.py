"""What was repaid can be paid again: an order's payments less its repayments are at most its amount.

Revision: 0050
Revises: 0049
"""

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

_FROZEN = "AND 0 <= frozen AND frozen + reduced <= amount AND 0 <= reduced"


def upgrade() -> None:
    _replace(f"0 <= refunded AND refunded <= paid AND paid - refunded <= amount {_FROZEN}")


def downgrade() -> None:
    _replace(f"0 <= refunded AND refunded <= paid AND paid <= amount {_FROZEN}")


def _replace(amounts: str) -> None:
    name = op.f("ck_trade_orders_amounts")
    op.drop_constraint(name, "trade_orders", type_="check")
    op.create_check_constraint(name, "trade_orders", amounts)
