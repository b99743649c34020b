"""The last day of a deadline's last pause, so that the next pause does not take that day again.

Revision: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deadlines", sa.Column("resumed_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("deadlines", "resumed_on")
