"""Chains of the entries that are billed to an account, and the price documents of agreements.

Revision: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_MORE = "accounts uuid[] DEFAULT '{}'"

# See ledger.billing.accounts.splice for the bytes. The ends of the chains are read once for a batch, under the head's lock.
_OPEN = """
  IF cardinality(accounts) > 0 THEN
    SELECT array_agg(wanted.account), array_agg(coalesce(ends.n, 0)),
      array_agg(coalesce(ends.leaf_hash, decode(repeat('00', 32), 'hex'))) INTO chains, numbers, ends_of
    FROM (SELECT DISTINCT unnest(owners) AS account) AS wanted
    LEFT JOIN LATERAL (
      SELECT linked.n, entry.leaf_hash FROM public.ledger_account AS linked
      JOIN public.ledger_entry AS entry USING (seq)
      WHERE linked.account = wanted.account ORDER BY linked.n DESC LIMIT 1
    ) AS ends ON true
    WHERE wanted.account IS NOT NULL;
  END IF;

"""

_LINK = """
    chain := NULL;
    IF cardinality(accounts) > 0 THEN
      chain := array_position(chains, owners[head.size - first + 1]);
    END IF;
    IF chain IS NOT NULL THEN
      numbers[chain] := numbers[chain] + 1;
      leaf := convert_to(
        '{"account":{"id":"' || chains[chain] || '","n":' || numbers[chain]
          || ',"prev":"' || encode(ends_of[chain], 'hex') || '"},', 'UTF8'
      ) || substring(leaf FROM 2);
      linked_accounts := array_append(linked_accounts, chains[chain]);
      linked_numbers := array_append(linked_numbers, numbers[chain]);
      linked_seqs := array_append(linked_seqs, head.size);
    END IF;
"""

_AFTER = """
    IF chain IS NOT NULL THEN
      ends_of[chain] := head.prev;
    END IF;
"""

_WRITE = """
    IF cardinality(linked_seqs) > 0 THEN
      INSERT INTO public.ledger_account (account, n, seq)
        SELECT * FROM unnest(linked_accounts, linked_numbers, linked_seqs);
    END IF;
"""

_ACCEPTED = "        accepted := array_append(accepted, one.body);\n"
_DECLARED = """
  owners uuid[] := accounts;
  chains uuid[];
  numbers bigint[];
  ends_of bytea[];
  chain integer;
  linked_accounts uuid[] := '{}';
  linked_numbers bigint[] := '{}';
  linked_seqs bigint[] := '{}';
"""


def _former() -> str:
    text: str = context.script.get_revision("0019").module.function()
    return text


def _function() -> str:
    """The function of migration 0019, which also splices an account's number and hash in front of a body."""
    text = _former()
    changes = (
        ("places integer[] DEFAULT '{}',", f"places integer[] DEFAULT '{{}}',\n  {_MORE},"),
        ("  moved integer[] := '{}';\n", f"  moved integer[] := '{{}}';{_DECLARED}"),
        ("    outcomes := '{}';\n", "    outcomes := '{}';\n    owners := '{}';\n"),
        (
            _ACCEPTED,
            f"{_ACCEPTED}        owners := array_append(owners, accounts[one.place]);\n",
        ),
        ("  FOREACH leaf IN ARRAY accepted LOOP\n", f"{_OPEN}  FOREACH leaf IN ARRAY accepted LOOP{_LINK}"),
        ("    leaves := array_append(leaves, leaf);\n", f"    leaves := array_append(leaves, leaf);{_AFTER}"),
        (
            "WITH ORDINALITY AS written (hash, bytes, place);\n",
            f"WITH ORDINALITY AS written (hash, bytes, place);{_WRITE}",
        ),
    )
    for before, after in changes:
        if text.count(before) != 1:
            raise RuntimeError(f"migration 0019 has changed: {before}")
        text = text.replace(before, after)
    return text


def _replace(function: str) -> None:
    op.execute("DROP FUNCTION ledger_append")
    op.execute(function)
    op.execute("REVOKE EXECUTE ON FUNCTION ledger_append FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION ledger_append TO exchange_app")


def upgrade() -> None:
    op.create_table(
        "ledger_account",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "n", name=op.f("pk_ledger_account")),
    )
    op.execute("GRANT SELECT, INSERT ON ledger_account TO exchange_app")
    _replace(_function())
    op.add_column("agreements", sa.Column("billing", postgresql.JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("agreements", "billing")
    _replace(_former())
    op.drop_table("ledger_account")
