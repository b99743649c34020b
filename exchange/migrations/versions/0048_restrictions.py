"""Find the restrictions in a dataset by an index.

Revision: 0048
Revises: 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_INDEX = "ix_person_requests_restricting"


def upgrade() -> None:
    restricting = "(state = 'restricted_storage' OR (state = 'granted' AND kind = 'restrict'))"
    op.create_index(_INDEX, "person_requests", ["dataset_id"], postgresql_where=sa.text(restricting))


def downgrade() -> None:
    op.drop_index(_INDEX, "person_requests")
