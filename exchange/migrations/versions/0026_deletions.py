"""Deletions at recipients, after consents ended; loads of decisions from files.

Revision: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TABLE = "deletion_tasks"
_COUNTS = ("merged_to", "given", "renewed", "refused", "repeated", "outdated", "conflicting")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=True),
        sa.Column("controller_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("ordered_at", _TIME, nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=True),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("evidenced_at", _TIME, nullable=True),
        sa.CheckConstraint("state IN ('ordered','overdue','evidenced')", name=op.f(f"ck_{_TABLE}_state")),
        sa.ForeignKeyConstraint(["scope"], ["consent_scopes.scope"], name=op.f(f"fk_{_TABLE}_scope_consent_scopes")),
        sa.ForeignKeyConstraint(["controller_id"], ["organisations.id"], name=op.f(f"fk_{_TABLE}_controller_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["organisations.id"], name=op.f(f"fk_{_TABLE}_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
    )
    op.create_index("ix_deletion_tasks_recipient_id_id", _TABLE, ["recipient_id", "id"])
    op.create_index("ix_deletion_tasks_controller_id_id", _TABLE, ["controller_id", "id"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {_TABLE} TO exchange_app")
    op.create_table(
        "consent_loads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("root", sa.String(64), nullable=True),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("rows", "staged", "bad")),
        sa.Column("bad_rows", postgresql.JSONB(), server_default="[]", nullable=False),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in _COUNTS),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("received_at", _TIME, nullable=True),
        sa.Column("merged_at", _TIME, nullable=True),
        sa.CheckConstraint("state IN ('receiving','received','merged')", name=op.f("ck_consent_loads_state")),
        sa.ForeignKeyConstraint(["notice_id"], ["consent_notices.id"], name=op.f("fk_consent_loads_notice_id")),
        sa.ForeignKeyConstraint(["controller_id"], ["organisations.id"], name=op.f("fk_consent_loads_controller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_loads")),
    )
    op.create_index("uq_consent_loads_notice_id_digest", "consent_loads", ["notice_id", "digest"], unique=True)
    op.create_table(
        "consent_staging",
        sa.Column("load", sa.Uuid(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("decision", sa.String(1), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("method", sa.String(24), nullable=True),
        sa.Column("proof", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("load", "row", name=op.f("pk_consent_staging")),
    )
    op.create_table(
        "consent_load_pieces",
        sa.Column("load", sa.Uuid(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("load", "piece", name=op.f("pk_consent_load_pieces")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON consent_loads TO exchange_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON consent_staging, consent_load_pieces TO exchange_app")


def downgrade() -> None:
    for table in ("consent_load_pieces", "consent_staging", "consent_loads", _TABLE):
        op.drop_table(table)
