"""The outbox of webhooks: what is to be posted to an organisation's servers, added in the transaction of a message."""

from typing import ClassVar
from uuid import UUID

from exchange.jobs.payload import Payload
from exchange.jobs.service import enqueue
from exchange.kernel.database import AsyncSession
from exchange.messages import queries


class WebhookJob(Payload):
    """Post one message to one webhook."""

    kind: ClassVar[str] = "webhook"

    webhook: UUID
    message: UUID


async def hand_over(session: AsyncSession, *, organisation: UUID, message: UUID, kind: str) -> None:
    """Add a message that is new to the outbox of each webhook of its organisation that takes its kind."""
    for webhook in await queries.add_deliveries(session, organisation, message, kind):
        await enqueue(session, WebhookJob(webhook=webhook, message=message))
