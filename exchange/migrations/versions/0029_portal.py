"""People at the portal: accounts, their identities and sessions, and their requests to owners.

Revision: 0029
Revises: 0028
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_STATES = "'received','granted','refused','restricted_storage','withdrawn'"
_TABLES = ("portal_codes", "portal_sessions", "portal_identities", "portal_accounts", "portal_sign_ins")


def _column(name: str, kind: Any, *, nullable: bool = False) -> Any:
    return sa.Column(name, kind, nullable=nullable)


def _account(table: str) -> tuple[Any, Any]:
    reference = sa.ForeignKeyConstraint(
        ["account_id"], ["portal_accounts.id"], name=op.f(f"fk_{table}_account_id_portal_accounts")
    )
    return _column("account_id", sa.Uuid()), reference


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))


def upgrade() -> None:
    op.create_table(
        "portal_sign_ins",
        _column("state", sa.LargeBinary()),
        _column("browser", sa.LargeBinary()),
        _column("expires_at", _TIME),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_portal_sign_ins")),
    )
    op.create_index(op.f("ix_portal_sign_ins_expires_at"), "portal_sign_ins", ["expires_at"])
    op.create_table(
        "portal_accounts",
        _column("id", sa.Uuid()),
        _column("holder", sa.LargeBinary()),
        _column("created_at", _TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_accounts")),
        sa.UniqueConstraint("holder", name=op.f("uq_portal_accounts_holder")),
    )
    op.create_table(
        "portal_identities",
        _column("number", sa.Integer()),
        *_account("portal_identities"),
        _column("sealed", sa.LargeBinary()),
        _column("level", sa.String(200)),
        _column("method", sa.String(24)),
        _column("verified_at", _TIME),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_portal_identities")),
    )
    op.create_index(op.f("ix_portal_identities_account_id"), "portal_identities", ["account_id"])
    op.create_table(
        "portal_sessions",
        _column("token", sa.LargeBinary()),
        _column("id", sa.Uuid()),
        *_account("portal_sessions"),
        _column("level", sa.String(200)),
        _column("method", sa.String(24)),
        _column("created_at", _TIME),
        _column("seen_at", _TIME),
        _column("ends_at", _TIME),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_portal_sessions")),
        sa.UniqueConstraint("id", name=op.f("uq_portal_sessions_id")),
    )
    op.create_index(op.f("ix_portal_sessions_account_id"), "portal_sessions", ["account_id"])
    op.create_index(op.f("ix_portal_sessions_ends_at"), "portal_sessions", ["ends_at"])
    op.create_table(
        "portal_codes",
        _column("code", sa.LargeBinary()),
        _column("lookup", sa.LargeBinary()),
        _column("organisation_id", sa.Uuid()),
        _column("dataset_id", sa.Uuid()),
        _column("field", sa.String(200)),
        _column("level", sa.String(200)),
        _column("tries", sa.SmallInteger()),
        _column("expires_at", _TIME),
        _reference("portal_codes", "organisation_id", "organisations"),
        _reference("portal_codes", "dataset_id", "datasets"),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_portal_codes")),
    )
    op.create_index(op.f("ix_portal_codes_organisation_id"), "portal_codes", ["organisation_id"])
    op.create_index(op.f("ix_portal_codes_expires_at"), "portal_codes", ["expires_at"])
    op.create_table(
        "person_requests",
        _column("id", sa.Uuid()),
        _column("kind", sa.String(24)),
        _column("number", sa.Integer(), nullable=True),
        _column("dataset_id", sa.Uuid()),
        _column("owner_id", sa.Uuid()),
        _column("state", sa.String(24)),
        _column("question", sa.LargeBinary(), nullable=True),
        _column("answer", sa.LargeBinary(), nullable=True),
        _column("salt", sa.String(32)),
        _column("received_at", _TIME),
        _column("answered_at", _TIME, nullable=True),
        _reference("person_requests", "dataset_id", "datasets"),
        _reference("person_requests", "owner_id", "organisations"),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_person_requests_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_requests")),
    )
    op.create_index(op.f("ix_person_requests_number"), "person_requests", ["number"])
    op.create_index(op.f("ix_person_requests_owner_id"), "person_requests", ["owner_id"])
    op.create_index(
        "uq_person_requests_open",
        "person_requests",
        ["number", "dataset_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'received'"),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(_TABLES)} TO exchange_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON person_requests TO exchange_app")


def downgrade() -> None:
    for table in ("person_requests", *_TABLES):
        op.drop_table(table)
