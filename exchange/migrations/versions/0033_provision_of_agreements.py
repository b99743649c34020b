"""Agreements whose data is provided later, and those that amend another one.

Revision: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_NAME = "ck_agreements_state"
_ENDED = "'active','suspended','terminated','expired'"


def upgrade() -> None:
    op.add_column("agreements", sa.Column("amends", sa.Uuid(), nullable=True))
    _replace(f"'provisioning',{_ENDED}")


def downgrade() -> None:
    _replace(_ENDED)
    op.drop_column("agreements", "amends")


def _replace(states: str) -> None:
    op.drop_constraint(op.f(_NAME), "agreements", type_="check")
    op.create_check_constraint(op.f(_NAME), "agreements", f"state IN ({states})")
