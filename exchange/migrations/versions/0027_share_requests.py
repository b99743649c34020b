"""Share requests between departments: drafts, the authority's consent to extensions, return flow and scope changes.

Revision: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_COLUMNS = (
    ("attribute", sa.String(16)),
    ("amends", sa.Uuid()),
    ("drafted_by", sa.Uuid()),
    ("consented_by", sa.Uuid()),
    ("extension_consent", sa.Uuid()),
    ("extension_consent_reason", sa.Text()),
    ("extension_days", sa.Integer()),
    ("extension_reason", sa.Text()),
    ("extended_at", _TIME),
)
_BEFORE = "'submitted','supplement_requested','approved','refused','withdrawn'"


def upgrade() -> None:
    for name, kind in _COLUMNS:
        op.add_column("applications", sa.Column(name, kind, nullable=True))
    op.add_column(
        "applications", sa.Column("is_return_flow", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.alter_column("applications", "submitted_at", existing_type=_TIME, nullable=True)
    _demand_states(f"'drafted','extended',{_BEFORE}")


def downgrade() -> None:
    _demand_states(_BEFORE)
    op.alter_column("applications", "submitted_at", existing_type=_TIME, nullable=False)
    for name in ("is_return_flow", *(name for name, _ in _COLUMNS)):
        op.drop_column("applications", name)


def _demand_states(states: str) -> None:
    op.execute("ALTER TABLE applications DROP CONSTRAINT ck_applications_state")
    op.execute(f"ALTER TABLE applications ADD CONSTRAINT ck_applications_state CHECK (state IN ({states}))")
