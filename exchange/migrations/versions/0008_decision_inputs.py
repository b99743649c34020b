"""The inputs of decisions: policy bundles and input documents, by their digests.

Revision: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The tables' owner may delete an input when its retention is over; a bundle is kept as long as the ledger.
_REFUSED = {"policy_bundles": "UPDATE OR DELETE OR TRUNCATE", "decision_inputs": "UPDATE"}


def upgrade() -> None:
    op.create_table(
        "policy_bundles",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_policy_bundles")),
    )
    op.create_table(
        "decision_inputs",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_decision_inputs")),
    )
    op.create_index(op.f("ix_decision_inputs_kept_at"), "decision_inputs", ["kept_at"], unique=False)
    for table, change in _REFUSED.items():
        op.execute(f"GRANT SELECT, INSERT ON {table} TO exchange_app")
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE {change} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_table("decision_inputs")
    op.drop_table("policy_bundles")
