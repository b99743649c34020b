"""Short codes that a person reads out: their form, the wrong tries that end them, and the counts that bound guessing.

Revision: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("answer_codes", "digest", existing_type=sa.LargeBinary(), nullable=True)
    op.add_column("answer_codes", sa.Column("form", sa.String(8), server_default="qr", nullable=False))
    op.add_column("answer_codes", sa.Column("wrong", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_answer_codes_form"), "answer_codes", "form IN ('qr','digits')")
    op.create_index(op.f("ix_answer_codes_recipient_id"), "answer_codes", ["recipient_id"])
    op.create_table(
        "answer_code_tries",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("in_minute", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("in_day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_answer_code_tries")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON answer_code_tries TO exchange_app")


def downgrade() -> None:
    op.drop_table("answer_code_tries")
    op.drop_index(op.f("ix_answer_codes_recipient_id"), "answer_codes")
    op.drop_constraint(op.f("ck_answer_codes_form"), "answer_codes")
    op.drop_column("answer_codes", "wrong")
    op.drop_column("answer_codes", "form")
    op.execute("UPDATE answer_codes SET digest = uuid_send(id) WHERE digest IS NULL")
    op.alter_column("answer_codes", "digest", existing_type=sa.LargeBinary(), nullable=False)
