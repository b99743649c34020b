"""The buckets of commitments to the people in answers.

Revision: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ledger_people", sa.Column("buckets", sa.Integer(), nullable=True))


def downgrade() -> None:
    # A former version would not open these commitments, and their entries stay.
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM ledger_people WHERE buckets IS NOT NULL) "
        "THEN RAISE EXCEPTION 'answers commit to their people in buckets, which the former version cannot open'; "
        "END IF; END $$"
    )
    op.drop_column("ledger_people", "buckets")
