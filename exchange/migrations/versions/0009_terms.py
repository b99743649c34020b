"""Assessments, resharing and price in agreements, counts of requests, and immutable lanes.

Revision: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "agreements",
        sa.Column("assessments", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("agreements", sa.Column("resharing", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("agreements", sa.Column("price", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_table(
        "delivery_counts",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "seconds", name=op.f("pk_delivery_counts")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON delivery_counts TO exchange_app")
    # A lane is a rule set: another one is another application. (Of an agreement only the state changes: 0002.)
    op.execute(
        "CREATE FUNCTION refuse_lane_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.lane IS DISTINCT FROM OLD.lane "
        "THEN RAISE EXCEPTION 'the lane of an application is fixed'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER applications_lane_fixed BEFORE UPDATE ON applications "
        "FOR EACH ROW EXECUTE FUNCTION refuse_lane_change()"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION refuse_lane_change() CASCADE")
    op.drop_table("delivery_counts")
    for column in ("price", "resharing", "assessments"):
        op.drop_column("agreements", column)
