"""Corrections, changes that make updates due, and source departments of items.

Revision: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_GRANTS = {
    "catalog_changes": "SELECT, INSERT, UPDATE",
    "catalog_item_sources": "SELECT, INSERT",
    "corrections": "SELECT, INSERT, UPDATE",
    "correction_people": "SELECT, INSERT, DELETE",
}


def _references(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))
        for column, target in targets.items()
    ]


def upgrade() -> None:
    op.create_table(
        "catalog_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("stated_by", sa.Uuid(), nullable=False),
        sa.Column("stated_at", _TIME, nullable=False),
        sa.Column("filing_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('due','extended','filed','updated','withdrawn')", name=op.f("ck_catalog_changes_state")
        ),
        *_references("catalog_changes", dataset_id="datasets", stated_by="principals", filing_id="catalog_filings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_changes")),
    )
    op.create_index(op.f("ix_catalog_changes_dataset_id"), "catalog_changes", ["dataset_id"])
    op.create_table(
        "catalog_item_sources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(200), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("named_by", sa.Uuid(), nullable=False),
        sa.Column("named_at", _TIME, nullable=False),
        *_references("catalog_item_sources", organisation_id="organisations", named_by="principals"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_item_sources")),
    )
    op.create_index("ix_catalog_item_sources_item", "catalog_item_sources", ["item", "id"])
    op.create_table(
        "corrections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("consumer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("fault", sa.String(12), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=True),
        sa.Column("corrected_version", sa.Integer(), nullable=True),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("filed_by", sa.Uuid(), nullable=False),
        sa.Column("filed_at", _TIME, nullable=False),
        sa.Column("answered_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('filed','corrected','confirmed_accurate','withdrawn','settled','disputed')",
            name=op.f("ck_corrections_state"),
        ),
        sa.CheckConstraint("fault IN ('inaccurate','incomplete')", name=op.f("ck_corrections_fault")),
        *_references(
            "corrections",
            dataset_id="datasets",
            agreement_id="agreements",
            provider_id="organisations",
            consumer_id="organisations",
            filed_by="principals",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    for column in ("dataset_id", "provider_id", "consumer_id"):
        op.create_index(op.f(f"ix_corrections_{column}"), "corrections", [column])
    op.create_table(
        "correction_people",
        sa.Column("correction_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        *_references("correction_people", correction_id="corrections"),
        sa.PrimaryKeyConstraint("correction_id", "position", name=op.f("pk_correction_people")),
    )
    op.create_index(op.f("ix_correction_people_subject"), "correction_people", ["subject"])
    for table, privileges in _GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO exchange_app")


def downgrade() -> None:
    for table in reversed(_GRANTS):
        op.drop_table(table)
