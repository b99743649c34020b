"""The SQL of messages."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.kernel.problems import NotFound
from exchange.messages.models import Message, Webhook, WebhookDelivery

_MOST_WAITING = 1000


async def add(session: AsyncSession, message: dict[str, object]) -> bool:
    """Add a message unless its cause has given one already; returns whether it was added."""
    statement = insert(Message).values(**message).on_conflict_do_nothing().returning(Message.id)
    return (await session.execute(statement)).first() is not None


async def add_deliveries(session: AsyncSession, organisation: UUID, message: UUID, kind: str) -> Sequence[UUID]:
    """Let a message wait for each webhook of its organisation that takes its kind; returns those that are not held.

    Where a thousand wait for a webhook already, the message is not posted to it; it stays in the list of messages.
    """
    waiting = select(func.count()).where(WebhookDelivery.webhook_id == Webhook.id).scalar_subquery()
    statement = select(Webhook.id, literal(message)).where(
        Webhook.organisation_id == organisation,
        Webhook.state != "removed",
        or_(func.jsonb_array_length(Webhook.kinds) == 0, Webhook.kinds.contains([kind])),
        waiting < _MOST_WAITING,
    )
    added = insert(WebhookDelivery).from_select(["webhook_id", "message_id"], statement)
    identifiers = (await session.execute(added.returning(WebhookDelivery.webhook_id))).scalars().all()
    active = select(Webhook.id).where(Webhook.id.in_(identifiers), Webhook.state == "active")
    return (await session.execute(active)).scalars().all() if identifiers else ()


async def list_messages(
    session: AsyncSession, organisation: UUID, *, is_unread: bool, after: UUID | None, limit: int
) -> Sequence[Message]:
    """An organisation's messages, oldest first."""
    statement = select(Message).where(Message.organisation_id == organisation).order_by(Message.id).limit(limit)
    if is_unread:
        statement = statement.where(Message.read_at.is_(None))
    if after is not None:
        statement = statement.where(Message.id > after)
    return (await session.execute(statement)).scalars().all()


async def lock_message(session: AsyncSession, organisation: UUID, message_id: UUID) -> Message:
    """One message of an organisation, locked. Raises NotFound."""
    statement = select(Message).where(Message.organisation_id == organisation, Message.id == message_id)
    message = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if message is None:
        raise NotFound("Your organisation has no message with this id.")
    return message
