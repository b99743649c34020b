"""The index of entries for searches, and the function that reads an entry's body in the database.

Revision: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FOUND_BY = (
    "type", "organisation", "principal", "key", "object_kind", "object_id", "dataset", "agreement", "owner", "consumer",
    "lane", "purpose", "problem",
)  # fmt: skip
_BEGINNINGS = "'dataset.drafted', 'source.registered', 'member.enrolled', 'system.enrolled', 'application.submitted'"


def upgrade() -> None:
    op.create_table(
        "ledger_index",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(collation="C"), nullable=True) for name in ("at", *_FOUND_BY)),
        sa.Column("subjects", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_index")),
    )
    for column in _FOUND_BY:
        op.create_index(
            f"ix_ledger_index_{column}",
            "ledger_index",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index(
        "ix_ledger_index_subjects",
        "ledger_index",
        ["subjects"],
        postgresql_using="gin",
        postgresql_where=sa.text("subjects IS NOT NULL"),
    )
    op.create_index("ix_ledger_index_at", "ledger_index", ["at"], postgresql_using="brin")
    op.create_index(
        "ix_ledger_index_beginnings",
        "ledger_index",
        ["object_id", "seq"],
        postgresql_where=sa.text(f"type IN ({_BEGINNINGS})"),
    )
    # Null for bytes that are not what was hashed, or that nobody here wrote: one bad entry must not stop the others.
    op.execute(
        "CREATE FUNCTION ledger_body(leaf bytea, leaf_hash bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$ "
        "BEGIN IF sha256('\\x00'::bytea || leaf) <> leaf_hash THEN RETURN NULL; END IF; "
        "RETURN convert_from(leaf, 'UTF8')::jsonb -> 'body'; "
        "EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN NULL; END $$"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ledger_index TO exchange_app")


def downgrade() -> None:
    op.drop_table("ledger_index")
    op.execute("DROP FUNCTION ledger_body(bytea, bytea)")
