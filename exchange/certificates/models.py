"""The tables of certificates; private to this room."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Integer, String
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class Certificate(Base):
    """A certificate of a version of a record: the bit of its status, and the index of the entry that it states."""

    __tablename__ = "certificates"
    __table_args__ = (
        Unique("record_id", "version", name="uq_certificates_record_version"),
        Unique("list", "bit", name="uq_certificates_list_bit"),
        CheckConstraint("list > 0 AND bit >= 0 AND bit < 131072", name="place"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("rights_records.id"))
    version: Mapped[int] = mapped_column(Integer)
    entry: Mapped[int] = mapped_column(BigInteger)
    list: Mapped[int] = mapped_column(Integer)
    bit: Mapped[int] = mapped_column(Integer)
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CertificateKey(Base):
    """A key that signs certificates, by its thumbprint, and the index of the entry that announces it."""

    __tablename__ = "certificate_keys"

    keyid: Mapped[str] = mapped_column(String(43), primary_key=True)
    entry: Mapped[int] = mapped_column(BigInteger)
    announced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
