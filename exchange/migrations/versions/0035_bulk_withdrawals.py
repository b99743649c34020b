"""Loads of consents: withdrawals and guardians in files, and every row that was not taken.

Revision: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent_loads", sa.Column("withdrawn", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("consent_staging", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "consent_load_rejects",
        sa.Column("load", sa.Uuid(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("load", "row", name=op.f("pk_consent_load_rejects")),
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON consent_load_rejects TO exchange_app")
    op.execute(
        "INSERT INTO consent_load_rejects (load, row, reason) "
        "SELECT l.id, (listed->>'row')::bigint, listed->>'reason' "
        "FROM consent_loads l, jsonb_array_elements(l.bad_rows) listed"
    )


def downgrade() -> None:
    # A former version would merge a staged withdrawal as a refusal that conflicts, and deliver on.
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM consent_staging WHERE decision IN ('w', 'c')) "
        "THEN RAISE EXCEPTION 'a load with withdrawals or guardians is not merged yet'; END IF; END $$"
    )
    op.drop_table("consent_load_rejects")
    op.drop_column("consent_staging", "sealed")
    op.drop_column("consent_loads", "withdrawn")
