"""The people in answers, kept beside entries, and entries that rest on the epochs of consents.

Revision: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ARGUMENTS = "tokens bytea[], expiries timestamptz[], bodies bytea[], fences bigint[], advance boolean"
_MORE = "scopes integer[] DEFAULT '{}', epochs bigint[] DEFAULT '{}', places integer[] DEFAULT '{}'"

# See ledger.log.store.append. The epochs are read under the head's lock: whoever ends a consent advances its scope's epoch
# and appends an entry in one transaction, so the epoch of an entry that precedes this one is seen.
_MOVED = """
  IF cardinality(scopes) > 0 THEN
    SELECT coalesce(array_agg(DISTINCT given.place), '{}') INTO moved
    FROM unnest(scopes, epochs, places) AS given (scope, epoch, place)
    LEFT JOIN public.consent_scopes AS present ON present.scope = given.scope
    WHERE present.epoch IS DISTINCT FROM given.epoch;
  END IF;

"""

_FENCED = "coalesce(demanded = head.fence, true)"


def function() -> str:
    """The function of migration 0013, which also refuses, with -4, what rests on an epoch that has moved."""
    text: str = context.script.get_revision("0013").module.FUNCTION
    changes = (
        ("CREATE OR REPLACE FUNCTION", "CREATE FUNCTION"),
        ("advance boolean,", f"advance boolean,\n  {_MORE},"),
        ("  first bigint;\n", "  first bigint;\n  moved integer[] := '{}';\n"),
        ("  first := head.size;\n\n", f"  first := head.size;\n{_MOVED}"),
        (
            "array_remove(array_remove(fences, NULL), head.fence)) = 0\n",
            "array_remove(array_remove(fences, NULL), head.fence)) = 0\n    AND cardinality(moved) = 0\n",
        ),
        (
            f"{_FENCED} AS is_timely",
            f"{_FENCED} AND place <> ALL (moved) AS is_timely, {_FENCED} AS is_fenced",
        ),
        ("given.place, given.is_timely, fresh", "given.place, given.is_timely, given.is_fenced, fresh"),
        ("array_append(outcomes, -2);", "array_append(outcomes, CASE WHEN one.is_fenced THEN -4 ELSE -2 END);"),
    )
    for before, after in changes:
        if text.count(before) != 1:
            raise RuntimeError(f"migration 0013 has changed: {before}")
        text = text.replace(before, after)
    return text


def upgrade() -> None:
    op.create_table(
        "ledger_people",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("withheld", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("bits", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_people")),
    )
    op.execute("ALTER TABLE ledger_people ALTER COLUMN bits SET STORAGE EXTERNAL")
    op.create_table(
        "ledger_person",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number", "seq", name=op.f("pk_ledger_person")),
    )
    op.create_index(op.f("ix_ledger_person_seq"), "ledger_person", ["seq"])
    for table in ("ledger_people", "ledger_person"):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO exchange_app")
    op.execute(f"DROP FUNCTION ledger_append({_ARGUMENTS})")
    op.execute(function())
    op.execute("REVOKE EXECUTE ON FUNCTION ledger_append FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION ledger_append TO exchange_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION ledger_append")
    before: str = context.script.get_revision("0013").module.FUNCTION
    op.execute(before.replace("CREATE OR REPLACE FUNCTION", "CREATE FUNCTION"))
    op.execute("REVOKE EXECUTE ON FUNCTION ledger_append FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION ledger_append TO exchange_app")
    op.drop_table("ledger_person")
    op.drop_table("ledger_people")
