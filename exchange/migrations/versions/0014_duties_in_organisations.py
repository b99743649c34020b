"""Organisations that separate the duties of steward, approver and security administrator.

Revision: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE organisations ADD COLUMN separates_duties boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE organisations DROP COLUMN separates_duties")
