"""The tables of the calendar; private to this room.

The database's function `calendar_due` (migration 0018) computes every day due: one definition for the first computation, an
extension, the end of a pause, and the load of a year.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import CONFLICT, Base

_ONE_OPEN = "This clock runs for the matter already; stop it before it is started again."
_ONE_PENDING = "Another document of this year was entered at the same time; look at it with GET /api/v1/calendar."


class WorkDay(Base):
    """One day. `nth` counts the working days of the table up to and including it; `source` is the notice it comes from."""

    __tablename__ = "work_calendar"
    __table_args__ = (Index("ix_work_calendar_nth", "nth", postgresql_where=text("is_workday")),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    is_workday: Mapped[bool]
    nth: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class YearDocument(Base):
    """A year's notice as one person entered it; another person confirms it. `digest` is that of the notice's own text."""

    __tablename__ = "calendar_years"
    __table_args__ = (
        CheckConstraint("state IN ('entered','loaded','replaced')", name="state"),
        Index(
            "uq_calendar_years_entered",
            "year",
            unique=True,
            postgresql_where=text("state = 'entered'"),
            info={CONFLICT: _ONE_PENDING},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(Integer)
    notice: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    days: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    entered_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    loaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    loaded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ParameterValue(Base):
    """A value that the operator set for a parameter, for events from a day on. A row never changes; the last one counts."""

    __tablename__ = "parameter_values"
    __table_args__ = (Index("ix_parameter_values_name_effective_from", "name", "effective_from"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(63))
    value: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(Text)
    is_verified: Mapped[bool]
    effective_from: Mapped[date] = mapped_column(Date)
    set_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    set_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Deadline(Base):
    """One deadline of a matter. It is open until `ended_at`, provisional while `due` is null.

    `due` is the day that `days` and `extra_days` count to, in `unit`, from `counted_from`, which is not counted itself.
    `extra_days` are those of an extension and of pauses. `resumed_on` is the last day that the last pause took.
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        CheckConstraint("unit IN ('wd','d','mo','y')", name="unit"),
        CheckConstraint("days > 0 AND extra_days >= 0", name="days"),
        Index(
            "uq_deadlines_open",
            "matter_kind",
            "matter_id",
            "clock",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            info={CONFLICT: _ONE_OPEN},
        ),
        Index("ix_deadlines_matter_id", "matter_id"),
        Index(
            "ix_deadlines_due",
            "due",
            postgresql_where=text("ended_at IS NULL AND overdue_at IS NULL AND paused_at IS NULL"),
        ),
        Index("ix_deadlines_organisation_id", "organisation_id", "due", postgresql_where=text("ended_at IS NULL")),
        Index("ix_deadlines_provisional", "counted_from", postgresql_where=text("ended_at IS NULL AND due IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_kind: Mapped[str] = mapped_column(String(32))
    matter_id: Mapped[UUID]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    clock: Mapped[str] = mapped_column(String(32))
    parameter: Mapped[str] = mapped_column(String(63))
    article: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    counted_from: Mapped[date] = mapped_column(Date)
    days: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(String(2))
    extra_days: Mapped[int] = mapped_column(Integer, server_default="0")
    due: Mapped[date | None] = mapped_column(Date)
    paused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resumed_on: Mapped[date | None] = mapped_column(Date)
    extension: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    overdue_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(String(32))
