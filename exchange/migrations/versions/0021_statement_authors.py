"""The person who stated why an agreement changed; unknown of earlier statements.

Revision: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agreement_statements", sa.Column("by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("agreement_statements", "by")
