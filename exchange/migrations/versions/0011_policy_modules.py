"""Owners' modules, by the digests of their content.

Revision: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_modules",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tests", sa.Integer(), nullable=False),
        sa.Column("checked_by", sa.String(length=200), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_policy_modules_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "digest", name=op.f("pk_policy_modules")),
    )
    op.execute("GRANT SELECT, INSERT ON policy_modules TO exchange_app")
    # A decision that a module narrowed is replayed from this table for as long as the ledger is kept.
    op.execute(
        "CREATE TRIGGER policy_modules_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_modules "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("policy_modules")
