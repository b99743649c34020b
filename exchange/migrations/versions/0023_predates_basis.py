"""Mark the versions published before terms were asked for a legal basis: they are delivered as they were.

Revision: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "dataset_versions", sa.Column("predates_basis", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
    op.alter_column("dataset_versions", "predates_basis", server_default=sa.text("false"))


def downgrade() -> None:
    op.drop_column("dataset_versions", "predates_basis")
