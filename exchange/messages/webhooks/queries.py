"""The SQL of webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.kernel.problems import NotFound
from exchange.messages.models import Message, Webhook, WebhookDelivery

_IN_USE = Webhook.state != "removed"


@dataclass(frozen=True, slots=True)
class Post:
    """A message that waits to be posted, and the webhook it waits for."""

    webhook: Webhook
    message: Message


async def webhooks(session: AsyncSession, organisation: UUID) -> Sequence[tuple[Webhook, int]]:
    """An organisation's webhooks, oldest first, each with the number of messages that wait for it."""
    waiting = select(func.count()).where(WebhookDelivery.webhook_id == Webhook.id).scalar_subquery()
    statement = select(Webhook, waiting).where(Webhook.organisation_id == organisation, _IN_USE).order_by(Webhook.id)
    return [(webhook, count) for webhook, count in await session.execute(statement)]


async def lock_webhook(session: AsyncSession, organisation: UUID, webhook_id: UUID) -> Webhook:
    """One webhook of an organisation, locked. Raises NotFound."""
    statement = select(Webhook).where(Webhook.organisation_id == organisation, Webhook.id == webhook_id, _IN_USE)
    webhook = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if webhook is None:
        raise NotFound("Your organisation has no webhook with this id.")
    return webhook


async def find_post(session: AsyncSession, webhook_id: UUID, message_id: UUID) -> Post | None:
    """A message that waits for a webhook; None where it does not wait any more."""
    statement = (
        select(Webhook, Message)
        .join(WebhookDelivery, WebhookDelivery.webhook_id == Webhook.id)
        .join(Message, Message.id == WebhookDelivery.message_id)
        .where(Webhook.id == webhook_id, Message.id == message_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return Post(*row) if row is not None else None


async def lock_any(session: AsyncSession, webhook_id: UUID) -> Webhook:
    """One webhook, locked, as it is now."""
    statement = select(Webhook).where(Webhook.id == webhook_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


async def waiting(session: AsyncSession, webhook_id: UUID) -> Sequence[UUID]:
    """The messages that wait for a webhook, oldest first."""
    statement = (
        select(WebhookDelivery.message_id)
        .where(WebhookDelivery.webhook_id == webhook_id)
        .order_by(WebhookDelivery.message_id)
    )
    return (await session.execute(statement)).scalars().all()


async def take_out(session: AsyncSession, webhook_id: UUID, message_id: UUID | None = None) -> None:
    """Take a message out of a webhook's outbox, or with None all."""
    statement = delete(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if message_id is not None:
        statement = statement.where(WebhookDelivery.message_id == message_id)
    await session.execute(statement)
