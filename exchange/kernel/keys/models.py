"""The table of key fingerprints; private to the kernel."""

from datetime import datetime

from sqlalchemy import DateTime, String
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class KeyFingerprint(Base):
    """The fingerprint of a key file: a public key's thumbprint, or a MAC under a secret key."""

    __tablename__ = "key_marks"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    fingerprint: Mapped[str] = mapped_column("mark", String(64))
    remembered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
