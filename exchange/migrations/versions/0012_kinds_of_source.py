"""Kinds of source are the adapters' registry's to list: the database no longer limits them.

Revision: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_sources_kind"), "sources", type_="check")


def downgrade() -> None:
    # Fails where there is a source of another kind: the former version could not read it.
    op.create_check_constraint(op.f("ck_sources_kind"), "sources", "kind IN ('file','postgresql')")
