"""The JSON of background jobs."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from exchange.kernel.schemas import In, Out, Prose, with_example

State = Literal["waiting", "running", "failed"]


class JobOut(Out):
    """A job in the queue. One that is done leaves it."""

    id: int
    kind: str
    state: State
    payload: Annotated[dict[str, Any], Field(description="Identifiers of what it is about")]
    attempts: Annotated[int, Field(description="How often it failed so far")]
    created_at: datetime
    due_at: Annotated[datetime, Field(description="When it is tried next, or was")]
    error: Annotated[str | None, Field(description="The kind and place of its last failure")]


class Discarding(In):
    """Why a failed job is given up. The ledger holds its salted digest."""

    model_config = with_example({"reason": "订阅单位已注销"})

    reason: Prose


class Discarded(Out):
    """The record of a discarded job: with reason and salt, the digest on the ledger can be verified. Keep it."""

    id: int
    kind: str
    reason: str
    salt: str
    statement: str
