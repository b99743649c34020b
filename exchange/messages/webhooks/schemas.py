"""Requests and answers about webhooks."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from exchange.kernel.schemas import PRINTABLE, In, Out, with_example

MessageKind = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,22}$")]


class NewWebhook(In):
    """A server of your own, to which the messages to your organisation are posted."""

    model_config = with_example(
        {"url": "https://hooks.example.org/exchange", "kinds": ["agreement_notice.announced", "deadline.near"]}
    )

    url: Annotated[
        str,
        StringConstraints(min_length=9, max_length=1000, pattern=PRINTABLE),
        Field(description="https, without a login or a fragment"),
    ]
    kinds: Annotated[
        list[MessageKind], Field(max_length=50, description="Only messages of these kinds; empty: all")
    ] = []


class WebhookOut(Out):
    """A webhook, as its organisation sees it."""

    id: UUID
    url: str
    kinds: list[str]
    state: Literal["active", "held"]
    waiting: Annotated[int, Field(description="Messages that were not delivered yet")]
    failures: Annotated[int, Field(description="Failures in a row")]
    last_failure: Annotated[
        str | None,
        Field(description="Why the last post failed, such as `status 500` or `timeout`; null after a success"),
    ]
    retry_at: Annotated[
        datetime | None, Field(description="When it is tried again; null while nothing failed, or held")
    ]
    delivered_at: Annotated[datetime | None, Field(description="When a message was delivered last")]
    registered_at: datetime
