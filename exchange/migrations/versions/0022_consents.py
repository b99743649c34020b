"""Consents: notices and their scopes, records with their events, who may be delivered now, and who no longer.

Revision: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_STATES = "'requested','deferred','given','refused','renewed','withdrawn','expired','revoked','invalidated'"
_GRANTS = {
    "consent_scopes": "SELECT, INSERT, UPDATE",
    "consent_notices": "SELECT, INSERT",
    "consents": "SELECT, INSERT, UPDATE",
    "consent_events": "SELECT, INSERT",
    "consent_now": "SELECT, INSERT, UPDATE, DELETE",
    "consent_withdrawn": "SELECT, INSERT",
}
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "consent_scopes",
        sa.Column("scope", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_consent_scopes")),
    )
    op.create_table(
        "consent_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(63), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("identified_by", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("term_days", sa.Integer(), nullable=False),
        sa.Column("in_use_since", _TIME, nullable=False),
        sa.Column("published_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["scope"], ["consent_scopes.scope"], name=op.f("fk_consent_notices_scope_consent_scopes")
        ),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_consent_notices_dataset_id")),
        sa.ForeignKeyConstraint(["controller_id"], ["organisations.id"], name=op.f("fk_consent_notices_controller_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["organisations.id"], name=op.f("fk_consent_notices_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_notices")),
        sa.UniqueConstraint("scope", name=op.f("uq_consent_notices_scope")),
    )
    op.create_index("ix_consent_notices_dataset_id_recipient_id", "consent_notices", ["dataset_id", "recipient_id"])
    op.create_index(op.f("ix_consent_notices_controller_id"), "consent_notices", ["controller_id"])
    op.create_index(op.f("ix_consent_notices_recipient_id"), "consent_notices", ["recipient_id"])
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("asked_at", _TIME, nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("until", _TIME, nullable=True),
        sa.Column("method", sa.String(24), nullable=True),
        sa.Column("proof", sa.LargeBinary(), nullable=True),
        sa.Column("guardian", sa.LargeBinary(), nullable=True),
        sa.Column("load", sa.Uuid(), nullable=True),
        sa.Column("row", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_consents_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_subject_scope", "consents", ["subject", "scope"])
    op.create_index("ix_consents_scope_id", "consents", ["scope", "id"])
    op.create_table(
        "consent_events",
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("statement", postgresql.JSONB(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_consent_events_consent_id_consents")),
        sa.PrimaryKeyConstraint("consent_id", "number", name=op.f("pk_consent_events")),
    )
    op.create_table(
        "consent_now",
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("scope", "subject", name=op.f("pk_consent_now"), postgresql_include=["until"]),
    )
    op.create_index("ix_consent_now_subject", "consent_now", ["subject"])
    op.create_index("ix_consent_now_scope_until", "consent_now", ["scope", "until"])
    op.create_table(
        "consent_withdrawn",
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("scope", "epoch", "subject", name=op.f("pk_consent_withdrawn")),
    )
    for table, privileges in _GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO exchange_app")
    for table in ("consent_notices", "consent_events"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    # A former version would deliver nothing under consents, and would lose what people decided.
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM consents) "
        "THEN RAISE EXCEPTION 'people have decided on consents, which the former version cannot carry out'; END IF; END $$"
    )
    for table in reversed(_GRANTS):
        op.drop_table(table)
