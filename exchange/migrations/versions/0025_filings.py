"""Filings: how a department's version passes from its draft to the catalogue.

Revision: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_STATES = "'assessed','consented','filed','returned','published','replaced','discarded','withdrawn'"
_OPEN = "state IN ('assessed','consented','filed','returned')"
_TIME = sa.DateTime(timezone=True)
_PEOPLE = ("assessed_by", "consented_by", "filed_by", "reviewed_by")


def upgrade() -> None:
    op.create_table(
        "catalog_filings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("document", sa.String(64), nullable=False),
        sa.Column("secrecy", postgresql.JSONB(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("assessed_by", sa.Uuid(), nullable=False),
        sa.Column("assessed_at", _TIME, nullable=False),
        sa.Column("consented_by", sa.Uuid(), nullable=True),
        sa.Column("consented_at", _TIME, nullable=True),
        sa.Column("publication", postgresql.JSONB(), nullable=True),
        sa.Column("filed_by", sa.Uuid(), nullable=True),
        sa.Column("filed_at", _TIME, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", _TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_catalog_filings_state")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_catalog_filings_dataset_id_datasets")),
        *(
            sa.ForeignKeyConstraint([column], ["principals.id"], name=op.f(f"fk_catalog_filings_{column}_principals"))
            for column in _PEOPLE
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_filings")),
    )
    op.create_index(op.f("ix_catalog_filings_dataset_id"), "catalog_filings", ["dataset_id"])
    op.create_index(
        "uq_catalog_filings_open", "catalog_filings", ["dataset_id"], unique=True, postgresql_where=sa.text(_OPEN)
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON catalog_filings TO exchange_app")


def downgrade() -> None:
    op.drop_table("catalog_filings")
