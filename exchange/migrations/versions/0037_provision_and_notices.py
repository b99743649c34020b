"""Agreements whose data is provided later, those that amend another one, notices of a stop, and disputes about corrections.

Revision: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_MATTERS = "'application','agreement'"
_ENDED = "'active','suspended','terminated','expired'"


def upgrade() -> None:
    op.add_column("agreements", sa.Column("amends", sa.Uuid(), nullable=True))
    op.add_column("agreement_statements", sa.Column("ground", sa.String(16), nullable=True))
    _create_notices()
    op.execute(
        "CREATE TRIGGER agreement_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON agreement_records "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    _replace("agreements", "state", f"'provisioning',{_ENDED}")
    _replace("disputes", "matter_kind", f"{_MATTERS},'correction'")
    op.add_column("corrections", sa.Column("dispute_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_corrections_dispute_id"), "corrections", "disputes", ["dispute_id"], ["id"])


def downgrade() -> None:
    op.drop_column("corrections", "dispute_id")
    _replace("disputes", "matter_kind", _MATTERS)
    op.execute("DROP TRIGGER agreement_records_append_only ON agreement_records")
    op.drop_table("agreement_notices")
    op.drop_column("agreement_statements", "ground")
    _replace("agreements", "state", _ENDED)
    op.drop_column("agreements", "amends")


def _create_notices() -> None:
    op.create_table(
        "agreement_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("agreements", postgresql.JSONB(), nullable=False),
        sa.Column("consumers", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("statements", postgresql.JSONB(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('announced','consulted','carried_out','withdrawn')", name=op.f("ck_agreement_notices_state")
        ),
        sa.CheckConstraint("kind IN ('stop','change')", name=op.f("ck_agreement_notices_kind")),
        sa.CheckConstraint("outcome IN ('terminate','keep')", name=op.f("ck_agreement_notices_outcome")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_agreement_notices_dataset_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["organisations.id"], name=op.f("fk_agreement_notices_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_notices")),
    )
    for column in ("dataset_id", "provider_id"):
        op.create_index(op.f(f"ix_agreement_notices_{column}"), "agreement_notices", [column])
    op.create_index("ix_agreement_notices_consumers", "agreement_notices", ["consumers"], postgresql_using="gin")
    op.execute("GRANT SELECT, INSERT, UPDATE (state, statements) ON agreement_notices TO exchange_app")


def _replace(table: str, column: str, values: str) -> None:
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({values})")
