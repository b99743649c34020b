"""Numbers of people.

Revision: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TABLE = "subject_numbers"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("number", sa.Integer(), sa.Identity(always=True, minvalue=0, start=0), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f(f"pk_{_TABLE}")),
        sa.UniqueConstraint("lookup", name=op.f(f"uq_{_TABLE}_lookup")),
    )
    op.execute(f"GRANT SELECT, INSERT, DELETE ON {_TABLE} TO exchange_app")


def downgrade() -> None:
    op.drop_table(_TABLE)
