"""Deferrals of what the tracker shows.

Revision: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_TABLE = "disclosure_deferrals"
_TIME = sa.DateTime(timezone=True)


def _to(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{_TABLE}_{column}"))


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(63), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("extends_id", sa.Uuid(), nullable=True),
        sa.Column("visible_from", _TIME, nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", _TIME, nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", _TIME, nullable=True),
        sa.Column("begins_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (begins_at IS NULL)", name=op.f("ck_disclosure_deferrals_confirmed")
        ),
        sa.CheckConstraint("confirmed_by <> proposed_by", name=op.f("ck_disclosure_deferrals_two_people")),
        _to("organisation_id", "organisations"),
        _to("dataset_id", "datasets"),
        _to("extends_id", _TABLE),
        _to("proposed_by", "principals"),
        _to("confirmed_by", "principals"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
    )
    op.create_index(op.f(f"ix_{_TABLE}_organisation_id"), _TABLE, ["organisation_id"])
    op.create_index(op.f(f"ix_{_TABLE}_dataset_id"), _TABLE, ["dataset_id"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {_TABLE} TO exchange_app")


def downgrade() -> None:
    # A former version would show to people at once what is deferred.
    op.execute(
        f"DO $$ BEGIN IF EXISTS (SELECT FROM {_TABLE} WHERE confirmed_by IS NOT NULL AND visible_from > now()) "
        "THEN RAISE EXCEPTION 'uses of data are deferred, which the former version would show'; END IF; END $$"
    )
    op.drop_table(_TABLE)
