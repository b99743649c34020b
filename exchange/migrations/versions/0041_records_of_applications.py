"""Find the records of an application by an index.

Revision: 0041
Revises: 0040
"""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_rights_records_application_id"), "rights_records", ["application_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_rights_records_application_id"), "rights_records")
