"""What the exchange remembers of itself; private to the kernel."""

from datetime import datetime

from sqlalchemy import DateTime, String
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class KeyMark(Base):
    """How a key file is told from another, without the key: its thumbprint, or a MAC under it."""

    __tablename__ = "key_marks"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    remembered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
