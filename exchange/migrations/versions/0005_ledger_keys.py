"""The ledger's incarnation and halt, the keys that its checkpoints are signed with, and timestamps over them.

Revision: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


# Under the head's lock, as the append is: the transaction that set `halted` has committed, or waits for this one.
_REFUSE_HALTED = """
CREATE FUNCTION refuse_halted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  reason text;
BEGIN
  SELECT halted INTO reason FROM public.ledger_head;
  IF reason IS NOT NULL THEN
    RAISE EXCEPTION '%', reason USING ERRCODE = 'LG001';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("ledger_head", sa.Column("incarnation", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("ledger_head", sa.Column("halted", sa.Text(), nullable=True))
    op.execute(_REFUSE_HALTED)
    op.execute(
        "CREATE TRIGGER ledger_entry_halted BEFORE INSERT ON ledger_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_halted()"
    )
    op.create_table(
        "ledger_rotation",
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("incarnation", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "incarnation", "valid_from", name=op.f("pk_ledger_rotation")),
    )
    op.create_table(
        "ledger_timestamp",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_ledger_timestamp")),
    )
    for table in ("ledger_rotation", "ledger_timestamp"):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO exchange_app")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute("DROP FUNCTION refuse_halted() CASCADE")
    op.drop_table("ledger_timestamp")
    op.drop_table("ledger_rotation")
    op.drop_column("ledger_head", "halted")
    op.drop_column("ledger_head", "incarnation")
