"""Whether the row cap cut a stream.

Revision: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery_streams", sa.Column("cut_by_row_cap", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("delivery_streams", "cut_by_row_cap")
