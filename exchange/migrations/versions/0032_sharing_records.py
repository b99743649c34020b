"""Records about agreements between departments, and disputes.

Revision: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_STATES = "'negotiating','settled','applied_to_authority','coordinating','agreed','referred','decided'"


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "agreement_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        _to("agreement_records", "agreement_id", "agreements"),
        _to("agreement_records", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_records")),
    )
    op.create_index(op.f("ix_agreement_records_agreement_id"), "agreement_records", ["agreement_id"])
    op.create_table(
        "disputes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matter_kind", sa.String(16), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("demander_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_disputes_state")),
        sa.CheckConstraint("matter_kind IN ('application','agreement')", name=op.f("ck_disputes_matter_kind")),
        _to("disputes", "provider_id", "organisations"),
        _to("disputes", "demander_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
    )
    for column in ("matter_id", "provider_id", "demander_id"):
        op.create_index(op.f(f"ix_disputes_{column}"), "disputes", [column])
    op.create_table(
        "dispute_statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("stated_at", _TIME, nullable=False),
        _to("dispute_statements", "dispute_id", "disputes"),
        _to("dispute_statements", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_statements")),
    )
    op.create_index(op.f("ix_dispute_statements_dispute_id"), "dispute_statements", ["dispute_id"])
    op.execute("GRANT SELECT, INSERT ON agreement_records, dispute_statements TO exchange_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON disputes TO exchange_app")


def downgrade() -> None:
    for table in ("dispute_statements", "disputes", "agreement_records"):
        op.drop_table(table)
