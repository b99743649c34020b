"""A nonce is accepted while its request's signature is valid by the database's clock, however long the request waited.

Revision: 0013
Revises: 0012
"""

from alembic import context, op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# See ledger.log.store.append. The clock is read after the nonce is inserted: had the nonce been forgotten before, its
# expiry would be past. Outcomes: an index, -1 for a nonce that was used, -2 for a fence that moved, -3 for a nonce that
# came too late, which is used up.
FUNCTION = r"""
CREATE OR REPLACE FUNCTION ledger_append(
  tokens bytea[], expiries timestamptz[], bodies bytea[], fences bigint[], advance boolean,
  OUT outcomes bigint[], OUT fence bigint
) LANGUAGE plpgsql AS $$
DECLARE
  taken bytea[];
  late bytea[];
  unused bytea[] := '{}';
  accepted bytea[] := '{}';
  hashes bytea[] := '{}';
  leaves bytea[] := '{}';
  head public.ledger_head%ROWTYPE;
  first bigint;
  one record;
  leaf bytea;
BEGIN
  -- In the order of their bytes, so that two who want the same tokens cannot deadlock; and before the head is locked.
  WITH wanted AS (
    SELECT DISTINCT ON (token) token, expires_at FROM unnest(tokens, expiries) AS given (token, expires_at)
    WHERE token IS NOT NULL ORDER BY token
  ), fresh AS (
    INSERT INTO public.ledger_once (token, expires_at) SELECT token, expires_at FROM wanted ORDER BY token
    ON CONFLICT DO NOTHING RETURNING token, expires_at > clock_timestamp() AS in_time
  )
  SELECT coalesce(array_agg(token) FILTER (WHERE in_time), '{}'),
    coalesce(array_agg(token) FILTER (WHERE NOT in_time), '{}') INTO taken, late FROM fresh;

  SELECT * INTO STRICT head FROM public.ledger_head WHERE id = 1 FOR UPDATE;
  first := head.size;

  IF cardinality(taken) = cardinality(array_remove(tokens, NULL))
    AND cardinality(array_remove(array_remove(fences, NULL), head.fence)) = 0
  THEN
    accepted := bodies;
    outcomes := array(SELECT generate_series(first, first + cardinality(bodies) - 1));
  ELSE
    outcomes := '{}';
    FOR one IN
      SELECT given.body, given.token, given.place, given.is_timely, fresh.token IS NOT NULL AS is_fresh,
        given.token = ANY (late) AS is_late,
        min(given.place) FILTER (WHERE given.is_timely) OVER (PARTITION BY given.token) AS winner
      FROM (
        SELECT body, token, place, coalesce(demanded = head.fence, true) AS is_timely
        FROM unnest(bodies, tokens, fences) WITH ORDINALITY AS given (body, token, demanded, place)
      ) AS given
      LEFT JOIN unnest(taken) AS fresh (token) ON fresh.token = given.token
      ORDER BY given.place
    LOOP
      IF one.is_late THEN
        outcomes := array_append(outcomes, -3);
      ELSIF one.token IS NOT NULL AND (NOT one.is_fresh OR one.place > one.winner) THEN
        outcomes := array_append(outcomes, -1);
      ELSIF NOT one.is_timely THEN
        outcomes := array_append(outcomes, -2);
        IF one.token IS NOT NULL AND one.winner IS NULL THEN
          unused := array_append(unused, one.token);
        END IF;
      ELSE
        outcomes := array_append(outcomes, first + cardinality(accepted));
        accepted := array_append(accepted, one.body);
      END IF;
    END LOOP;
    IF cardinality(unused) > 0 THEN
      DELETE FROM public.ledger_once WHERE token = ANY (unused);
    END IF;
  END IF;

  FOREACH leaf IN ARRAY accepted LOOP
    leaf := convert_to('{"body":', 'UTF8') || leaf || convert_to(
      ',"prev":"' || encode(head.prev, 'hex') || '","seq":' || head.size || ',"v"\:1}', 'UTF8'
    );
    head.prev := sha256('\x00'::bytea || leaf);
    leaves := array_append(leaves, leaf);
    hashes := array_append(hashes, head.prev);
    head.size := head.size + 1;
  END LOOP;

  fence := head.fence + advance::integer;
  IF cardinality(accepted) > 0 OR advance THEN
    INSERT INTO public.ledger_entry (seq, leaf_hash, leaf)
      SELECT first - 1 + place, hash, bytes FROM unnest(hashes, leaves) WITH ORDINALITY AS written (hash, bytes, place);
    UPDATE public.ledger_head SET size = head.size, prev = head.prev, fence = ledger_append.fence WHERE id = 1;
  END IF;
END $$
"""


def upgrade() -> None:
    op.execute(FUNCTION)


def downgrade() -> None:
    before: str = context.script.get_revision("0004").module.FUNCTION
    op.execute(before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
