"""One-time codes of people for answers about them.

Revision: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "answer_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=True),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(63), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("issued_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.CheckConstraint("state IN ('issued','redeemed','revoked','expired')", name=op.f("ck_answer_codes_state")),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["organisations.id"], name=op.f("fk_answer_codes_recipient_id_organisations")
        ),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_answer_codes_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_codes")),
        sa.UniqueConstraint("digest", name=op.f("uq_answer_codes_digest")),
    )
    op.create_index(op.f("ix_answer_codes_subject"), "answer_codes", ["subject"])
    op.create_index(op.f("ix_answer_codes_expires_at"), "answer_codes", ["expires_at"])
    op.execute("GRANT SELECT, INSERT, UPDATE ON answer_codes TO exchange_app")


def downgrade() -> None:
    op.drop_table("answer_codes")
