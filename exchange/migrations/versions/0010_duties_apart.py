"""Separation of duties in the database too: nobody holds two of the three administrative roles.

Revision: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_APART = "('operator', 'security_administrator', 'auditor')"


def upgrade() -> None:
    op.execute(
        f"DO $$ BEGIN IF EXISTS (SELECT FROM role_assignments WHERE role IN {_APART} "
        "GROUP BY principal_id HAVING count(DISTINCT role) > 1) "
        "THEN RAISE EXCEPTION 'somebody holds two of operator, security_administrator and auditor: "
        "revoke one of them before upgrading'; END IF; END $$"
    )
    # The principal's row is locked first, so of two concurrent assignments the second sees the first.
    op.execute(
        "CREATE FUNCTION keep_duties_apart() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM FROM principals WHERE id = NEW.principal_id FOR NO KEY UPDATE; "
        f"IF EXISTS (SELECT FROM role_assignments WHERE principal_id = NEW.principal_id AND role IN {_APART} "
        "AND role <> NEW.role) THEN RAISE EXCEPTION 'duties that are kept apart would be in one hand' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER role_assignments_apart BEFORE INSERT OR UPDATE ON role_assignments "
        f"FOR EACH ROW WHEN (NEW.role IN {_APART}) EXECUTE FUNCTION keep_duties_apart()"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION keep_duties_apart() CASCADE")
