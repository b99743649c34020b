"""The table of answers; private to this room."""

from sqlalchemy import BigInteger, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base


class AnswerCount(Base):
    """How many answers an organisation has asked for about one person in a day.

    `key` is a MAC of both, so that the row names nobody; `day` counts days of China's time since the epoch.
    """

    __tablename__ = "answer_counts"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    day: Mapped[int] = mapped_column(Integer, index=True)
    answers: Mapped[int] = mapped_column(BigInteger)
