"""Subjects: wrapped keys, sealed details, erasures, legal holds.

Revision: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_GRANTS = {
    "subjects": "SELECT, INSERT, DELETE",
    "subject_holds": "SELECT, INSERT, UPDATE, DELETE",
    "subject_erasures": "SELECT, INSERT, UPDATE (destroyed_at)",
    "ledger_sealed": "SELECT, INSERT, DELETE",
}


def upgrade() -> None:
    op.create_table(
        "subjects",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("pseudonym", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_subjects")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_subjects_pseudonym")),
    )
    op.create_table(
        "subject_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pseudonym", sa.LargeBinary(), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("placed_entry", sa.BigInteger(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifting", sa.Text(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_holds")),
    )
    op.create_index(op.f("ix_subject_holds_pseudonym"), "subject_holds", ["pseudonym"], unique=False)
    op.create_table(
        "subject_erasures",
        sa.Column("pseudonym", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_subject_erasures")),
    )
    op.create_table(
        "ledger_sealed",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "subject", name=op.f("pk_ledger_sealed")),
    )
    op.create_index("ix_ledger_sealed_subject_seq", "ledger_sealed", ["subject", "seq"], unique=False)
    op.execute("CREATE SEQUENCE subject_slots MINVALUE 0 START 0")
    for table, privileges in _GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO exchange_app")
    op.execute("GRANT USAGE ON SEQUENCE subject_slots TO exchange_app")


def downgrade() -> None:
    op.execute("DROP SEQUENCE subject_slots")
    for table in ("ledger_sealed", "subject_erasures", "subject_holds", "subjects"):
        op.drop_table(table)
