"""Keep the datasets that a published version is derived from.

Revision: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dataset_inputs",
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("input_id", sa.Uuid(), nullable=False),
        sa.Column("input_version", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id", "version"],
            ["dataset_versions.dataset_id", "dataset_versions.version"],
            name=op.f("fk_dataset_inputs_dataset_id_version"),
        ),
        sa.ForeignKeyConstraint(["input_id"], ["datasets.id"], name=op.f("fk_dataset_inputs_input_id")),
        sa.PrimaryKeyConstraint("dataset_id", "version", "position", name=op.f("pk_dataset_inputs")),
    )
    op.create_index(op.f("ix_dataset_inputs_input_id"), "dataset_inputs", ["input_id"])
    op.execute("GRANT SELECT, INSERT ON dataset_inputs TO exchange_app")


def downgrade() -> None:
    op.drop_table("dataset_inputs")
