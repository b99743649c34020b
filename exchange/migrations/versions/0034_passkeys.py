"""Passkeys of people at the portal, and accounts of people who are at no identity provider.

Revision: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.alter_column("portal_accounts", "holder", existing_type=sa.LargeBinary(), nullable=True)
    op.create_table(
        "portal_passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=True),
        sa.Column("regressed_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["portal_accounts.id"], name=op.f("fk_portal_passkeys_account_id_portal_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_passkeys")),
        sa.UniqueConstraint("credential", name=op.f("uq_portal_passkeys_credential")),
    )
    op.create_index(op.f("ix_portal_passkeys_account_id"), "portal_passkeys", ["account_id"])
    op.create_table(
        "portal_challenges",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("user", sa.Uuid(), nullable=True),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "purpose IN ('registration','sign-in','enrolment')", name=op.f("ck_portal_challenges_purpose")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_portal_challenges")),
    )
    op.create_index(op.f("ix_portal_challenges_expires_at"), "portal_challenges", ["expires_at"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON portal_passkeys, portal_challenges TO exchange_app")


def downgrade() -> None:
    op.drop_table("portal_challenges")
    op.drop_table("portal_passkeys")
    op.execute("UPDATE portal_accounts SET holder = uuid_send(id) WHERE holder IS NULL")
    op.alter_column("portal_accounts", "holder", existing_type=sa.LargeBinary(), nullable=False)
