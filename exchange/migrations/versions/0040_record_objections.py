"""Objections to records of rights, after the registration.

Revision: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_TABLE = "rights_record_objections"
_JSON = postgresql.JSONB(astext_type=sa.Text())
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("evidence", _JSON, nullable=False),
        sa.Column("statements", _JSON, nullable=False),
        sa.Column("filed_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "state IN ('filed','holder_told','rejected','agreed','contested','upheld','dismissed','withdrawn')",
            name=op.f(f"ck_{_TABLE}_state"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{_TABLE}_{column}_{target}"))
            for column, target in (
                ("record_id", "rights_records"),
                ("holder_id", "organisations"),
                ("organisation_id", "organisations"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
    )
    for column in ("record_id", "holder_id", "organisation_id"):
        op.create_index(op.f(f"ix_{_TABLE}_{column}"), _TABLE, [column])
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {_TABLE} TO exchange_app")


def downgrade() -> None:
    op.drop_table(_TABLE)
