"""The JSON of messages."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from exchange.kernel.schemas import Out


class MessageOut(Out):
    """A message to your organisation."""

    id: UUID
    kind: Annotated[str, Field(description="What it tells, such as deadline.near or deadline.overdue")]
    title: Annotated[str, Field(description="The same in English")]
    title_zh: str
    matter: Annotated[dict[str, str], Field(description="The kind and id of the object it is about")]
    day: Annotated[date | None, Field(description="The day it is about, such as a last day")]
    created_at: datetime
    read_at: datetime | None
