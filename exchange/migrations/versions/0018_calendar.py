"""The calendar of working days, seeded with 2004 to 2026; values of parameters; deadlines.

Revision: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from exchange.calendar.notices import read_seeded, title_of

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SEEDED_TO = 2026
_TIME = sa.DateTime(timezone=True)

# The last day of a period that begins after the day `start` (Civil Code Art. 201 to 203); null where a day that it needs lies
# outside the calendar. Later versions compute every day due with it too.
DUE = """
CREATE FUNCTION calendar_due(start date, days integer, unit text) RETURNS date
LANGUAGE sql STABLE SET search_path = public AS $$
  SELECT CASE unit
    WHEN 'wd' THEN (
      SELECT w.day FROM work_calendar w
      WHERE w.is_workday AND w.nth = (SELECT s.nth FROM work_calendar s WHERE s.day = start) + days
    )
    ELSE (
      SELECT w.day FROM work_calendar l
      JOIN LATERAL (SELECT day FROM work_calendar WHERE is_workday AND day >= l.day ORDER BY day LIMIT 1) w ON true
      WHERE l.day = CASE unit
        WHEN 'd' THEN start + days
        WHEN 'mo' THEN (start + make_interval(months => days))::date
        WHEN 'y' THEN (start + make_interval(years => days))::date
      END
    )
  END
$$
"""


def upgrade() -> None:
    _create_calendar()
    _create_deadlines()
    op.execute("GRANT SELECT, INSERT, UPDATE ON work_calendar, calendar_years, deadlines TO exchange_app")
    op.execute("GRANT SELECT, INSERT ON parameter_values TO exchange_app")
    op.execute(DUE)


def _create_calendar() -> None:
    op.create_table(
        "work_calendar",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_work_calendar")),
    )
    op.create_index("ix_work_calendar_nth", "work_calendar", ["nth"], postgresql_where=sa.text("is_workday"))
    nth, values = 0, []
    for year in read_seeded(_SEEDED_TO):
        for day, is_workday in year.all():
            nth += is_workday
            values.append(f"('{day}', {is_workday}, {nth}, '{title_of(year.year)}', now())")
    op.execute(f"INSERT INTO work_calendar (day, is_workday, nth, source, loaded_at) VALUES {', '.join(values)}")
    op.create_table(
        "calendar_years",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("days", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", _TIME, nullable=False),
        sa.Column("loaded_by", sa.Uuid(), nullable=True),
        sa.Column("loaded_at", _TIME, nullable=True),
        sa.CheckConstraint("state IN ('entered','loaded','replaced')", name=op.f("ck_calendar_years_state")),
        sa.ForeignKeyConstraint(["entered_by"], ["principals.id"], name=op.f("fk_calendar_years_entered_by")),
        sa.ForeignKeyConstraint(["loaded_by"], ["principals.id"], name=op.f("fk_calendar_years_loaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_years")),
    )
    op.create_index(
        "uq_calendar_years_entered",
        "calendar_years",
        ["year"],
        unique=True,
        postgresql_where=sa.text("state = 'entered'"),
    )
    op.create_table(
        "parameter_values",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["set_by"], ["principals.id"], name=op.f("fk_parameter_values_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parameter_values")),
    )
    op.create_index("ix_parameter_values_name_effective_from", "parameter_values", ["name", "effective_from"])


def _create_deadlines() -> None:
    op.create_table(
        "deadlines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matter_kind", sa.String(32), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("clock", sa.String(32), nullable=False),
        sa.Column("parameter", sa.String(63), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("counted_from", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(2), nullable=False),
        sa.Column("extra_days", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("paused_at", _TIME, nullable=True),
        sa.Column("extension", postgresql.JSONB(), nullable=True),
        sa.Column("told_at", _TIME, nullable=True),
        sa.Column("overdue_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.CheckConstraint("unit IN ('wd','d','mo','y')", name=op.f("ck_deadlines_unit")),
        sa.CheckConstraint("days > 0 AND extra_days >= 0", name=op.f("ck_deadlines_days")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_deadlines_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines")),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_deadlines_open", "deadlines", ["matter_kind", "matter_id", "clock"], unique=True, postgresql_where=is_open
    )
    op.create_index("ix_deadlines_matter_id", "deadlines", ["matter_id"])
    op.create_index(
        "ix_deadlines_due",
        "deadlines",
        ["due"],
        postgresql_where=sa.text("ended_at IS NULL AND overdue_at IS NULL AND paused_at IS NULL"),
    )
    op.create_index("ix_deadlines_organisation_id", "deadlines", ["organisation_id", "due"], postgresql_where=is_open)
    op.create_index(
        "ix_deadlines_provisional",
        "deadlines",
        ["counted_from"],
        postgresql_where=sa.text("ended_at IS NULL AND due IS NULL"),
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION calendar_due(date, integer, text)")
    for table in ("deadlines", "parameter_values", "calendar_years", "work_calendar"):
        op.drop_table(table)
