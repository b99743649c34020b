"""The table of people's requests; private to this room. What the person wrote and the answer are sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import CONFLICT, Base

RESTRICTING = text("(state = 'restricted_storage' OR (state = 'granted' AND kind = 'restrict'))")
"""The requests whose person's rows are in no delivery."""
STATES = "'received','granted','refused','restricted_storage','withdrawn'"


class PersonRequest(Base):
    """One request to the owner of one dataset. After an erasure it has no number and nothing sealed."""

    __tablename__ = "person_requests"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(
            "uq_person_requests_open",
            "number",
            "dataset_id",
            "kind",
            unique=True,
            postgresql_where=text("state = 'received'"),
            info={CONFLICT: "Another request of yours of this kind is open; GET /portal/requests lists it."},
        ),
        Index("ix_person_requests_restricting", "dataset_id", postgresql_where=RESTRICTING),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    number: Mapped[int | None] = mapped_column(Integer, index=True)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    state: Mapped[str] = mapped_column(String(24))
    question: Mapped[bytes | None] = mapped_column(LargeBinary)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    salt: Mapped[str] = mapped_column(String(32))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
