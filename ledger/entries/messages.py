"""Webhooks: the servers to which an organisation's messages are posted."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex


class WebhookChanged(Body):
    """An organisation registered a server of its own for its messages, resumed it after failures, or removed it."""

    type: Literal["webhook.registered", "webhook.resumed", "webhook.removed"]
    affects_decisions: ClassVar[bool] = False
    url: Annotated[Hex, Field(description="salted digest of the URL")]
