"""The application's role, which may not change or remove a ledger entry, a checkpoint, or an agreement's content.

Revision: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROLE = "exchange_app"
_GRANTS = {
    "alembic_version": "SELECT",
    "organisations": "SELECT, INSERT, UPDATE",
    "principals": "SELECT, INSERT, UPDATE",
    "keys": "SELECT, INSERT, UPDATE",
    "role_assignments": "SELECT, INSERT, DELETE",
    "sources": "SELECT, INSERT, UPDATE",
    "datasets": "SELECT, INSERT, UPDATE",
    "dataset_versions": "SELECT, INSERT",
    "applications": "SELECT, INSERT, UPDATE",
    "agreements": "SELECT, INSERT, UPDATE (state)",
    "agreement_statements": "SELECT, INSERT",
    "delivery_streams": "SELECT, INSERT, UPDATE",
    "ledger_entry": "SELECT, INSERT",
    "ledger_head": "SELECT, UPDATE",
    "ledger_once": "SELECT, INSERT, DELETE",
    "ledger_tile": "SELECT, INSERT, UPDATE",
    "ledger_checkpoint": "SELECT, INSERT",
}
# These guards also stop the tables' owner, until the owner drops them.
_APPEND_ONLY = ("ledger_entry", "ledger_checkpoint", "dataset_versions")


def upgrade() -> None:
    # Roles belong to the whole server, so another database of it may have made this one already.
    op.execute(
        f"DO $$ BEGIN CREATE ROLE {_ROLE} NOLOGIN; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    op.execute(f"GRANT {_ROLE} TO CURRENT_USER")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {_ROLE}")
    for table, privileges in _GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO {_ROLE}")
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE FUNCTION refuse_agreement_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF to_jsonb(NEW) - 'state' IS DISTINCT FROM to_jsonb(OLD) - 'state' "
        "THEN RAISE EXCEPTION 'an agreement changes in its state only'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER agreements_immutable BEFORE UPDATE ON agreements "
        "FOR EACH ROW EXECUTE FUNCTION refuse_agreement_change()"
    )
    op.execute(
        "CREATE TRIGGER agreements_kept BEFORE DELETE OR TRUNCATE ON agreements "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(f"INSERT INTO ledger_head (id, size, prev, fence) VALUES (1, 0, '\\x{'00' * 32}', 0)")


def downgrade() -> None:
    op.execute("DELETE FROM ledger_head")
    op.execute("DROP FUNCTION refuse_change() CASCADE")
    op.execute("DROP FUNCTION refuse_agreement_change() CASCADE")
    op.execute(f"DROP OWNED BY {_ROLE}")
