"""Remember whose code bound an identifier, and which codes recover an account.

Revision: 0049
Revises: 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_KEY = "fk_portal_identities_vouched_by_organisations"


def upgrade() -> None:
    op.add_column("portal_identities", sa.Column("vouched_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f(_KEY), "portal_identities", "organisations", ["vouched_by"], ["id"])
    op.add_column("portal_codes", sa.Column("recovers", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("portal_codes", "recovers", server_default=None)


def downgrade() -> None:
    op.drop_column("portal_codes", "recovers")
    op.drop_constraint(op.f(_KEY), "portal_identities")
    op.drop_column("portal_identities", "vouched_by")
