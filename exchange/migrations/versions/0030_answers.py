"""Answers: those that applications ask for and agreements grant, and how often each consumer asks about each person.

Revision: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("applications", "agreements"):
        op.add_column(table, sa.Column("answers", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.create_table(
        "answer_counts",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_answer_counts")),
    )
    op.create_index(op.f("ix_answer_counts_day"), "answer_counts", ["day"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON answer_counts TO exchange_app")


def downgrade() -> None:
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM agreements WHERE answers <> '[]') "
        "THEN RAISE EXCEPTION 'agreements grant answers, which the former version cannot carry out'; END IF; END $$"
    )
    op.drop_table("answer_counts")
    for table in ("applications", "agreements"):
        op.drop_column(table, "answers")
