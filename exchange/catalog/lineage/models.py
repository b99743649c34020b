"""The table of the inputs of published versions; private to this room."""

from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class DatasetInput(Base):
    """A dataset that a version is derived from, with the version of it that was published then. It never changes."""

    __tablename__ = "dataset_inputs"
    __table_args__ = (
        ForeignKeyConstraint(["dataset_id", "version"], ["dataset_versions.dataset_id", "dataset_versions.version"]),
    )

    dataset_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    input_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id"), index=True)
    input_version: Mapped[int] = mapped_column(Integer)
    agreement_id: Mapped[UUID | None]
