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


# Under the head's lock, where the append is: whoever set `halted` has committed, or waits for this one.
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


def downgrade() -> None:
    op.execute("DROP FUNCTION refuse_halted() CASCADE")
    op.drop_column("ledger_head", "halted")
    op.drop_column("ledger_head", "incarnation")
