"""Names that withdrawn datasets give back, discarded drafts, due dates of supplements, and versions of a source's content.

Revision: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_IN_USE = "uq_datasets_handle_in_use"
_STATES = "('draft','published','withdrawn','discarded')"


def upgrade() -> None:
    op.drop_constraint("uq_datasets_organisation_id_handle", "datasets", type_="unique")
    op.create_index(
        _IN_USE,
        "datasets",
        ["organisation_id", "handle"],
        unique=True,
        postgresql_where=sa.text("state IN ('draft','published')"),
    )
    op.create_index("ix_datasets_handle", "datasets", ["handle"])
    op.drop_constraint(op.f("ck_datasets_state"), "datasets", type_="check")
    op.create_check_constraint(op.f("ck_datasets_state"), "datasets", f"state IN {_STATES}")
    op.add_column("applications", sa.Column("supplement_due", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sources", sa.Column("content_version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sources", sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE sources SET content_version = 1, refreshed_at = registered_at WHERE description IS NOT NULL")


def downgrade() -> None:
    # A former version knows one dataset of a name and no discarded drafts.
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM datasets WHERE state = 'discarded') "
        "OR EXISTS (SELECT FROM datasets GROUP BY organisation_id, handle HAVING count(*) > 1) "
        "THEN RAISE EXCEPTION 'names of datasets were used again, which the former version cannot carry out'; END IF; END $$"
    )
    op.drop_column("sources", "refreshed_at")
    op.drop_column("sources", "content_version")
    op.drop_column("applications", "supplement_due")
    op.drop_constraint(op.f("ck_datasets_state"), "datasets", type_="check")
    op.create_check_constraint(op.f("ck_datasets_state"), "datasets", "state IN ('draft','published','withdrawn')")
    op.drop_index("ix_datasets_handle", "datasets")
    op.drop_index(_IN_USE, "datasets")
    op.create_unique_constraint("uq_datasets_organisation_id_handle", "datasets", ["organisation_id", "handle"])
