"""The job that follows from a deadline: whoever has to act is told that it ends soon, or is over."""

from typing import ClassVar
from uuid import UUID

from exchange.jobs.payload import Payload


class Reminder(Payload):
    """Tell the organisation that has to act of a deadline."""

    kind: ClassVar[str] = "reminder"

    deadline: UUID
