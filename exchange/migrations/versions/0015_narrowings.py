"""Narrowings of agreements: added by an owner, and never changed or removed.

Revision: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLE = "agreement_narrowings"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("without", postgresql.JSONB(), nullable=False),
        sa.Column("masks", postgresql.JSONB(), nullable=False),
        sa.Column("row_filter", postgresql.JSONB(), nullable=True),
        sa.Column("row_cap", sa.BigInteger(), nullable=True),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("narrowed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f(f"fk_{_TABLE}_agreement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
    )
    op.create_index(op.f(f"ix_{_TABLE}_agreement_id"), _TABLE, ["agreement_id"])
    op.execute(f"GRANT SELECT, INSERT ON {_TABLE} TO exchange_app")
    op.execute(
        f"CREATE TRIGGER {_TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {_TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    # A former version would not know of the narrowings, and deliver what they took away.
    op.execute(
        f"DO $$ BEGIN IF EXISTS (SELECT FROM {_TABLE}) "
        "THEN RAISE EXCEPTION 'agreements have been narrowed, which the former version cannot carry out'; END IF; END $$"
    )
    op.drop_table(_TABLE)
