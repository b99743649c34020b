"""The tables of the catalogue; private to this room."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import CONFLICT, Base


class Dataset(Base):
    """A dataset: its draft, the number of its published version, and the reason of its withdrawal.

    A withdrawn or discarded dataset gives its handle back; references by name mean the one in use.
    """

    __tablename__ = "datasets"
    __table_args__ = (
        Index(
            "uq_datasets_handle_in_use",
            "organisation_id",
            "handle",
            unique=True,
            postgresql_where=text("state IN ('draft','published')"),
            info={
                CONFLICT: "Your organisation has a dataset of this `handle`. Choose another handle, draft its next version "
                "(PUT /api/v1/datasets/{id}/draft), or withdraw or discard it first: then the handle is free again."
            },
        ),
        CheckConstraint("state IN ('draft','published','withdrawn','discarded')", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    handle: Mapped[str] = mapped_column(String(63), index=True)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    withdrawal: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    drafted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DatasetVersion(Base):
    """A published version: exactly the document whose salted digest is on the ledger.

    `predates_basis`: whether it was published before terms were asked for the legal basis of what leaves without consent.
    """

    __tablename__ = "dataset_versions"

    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(String(64))
    salt: Mapped[str] = mapped_column(String(32))
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    predates_basis: Mapped[bool] = mapped_column(server_default="false")
