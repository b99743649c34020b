"""The jobs of webhooks: post a message, and what follows where that fails."""

import json
from contextlib import AsyncExitStack
from datetime import timedelta

from exchange.calendar.counting import Matter
from exchange.jobs.service import enqueue
from exchange.jobs.work import Jobs
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession
from exchange.kernel.runtime import Runtime
from exchange.messages.models import Message
from exchange.messages.outbox import WebhookJob
from exchange.messages.service import notify
from exchange.messages.webhooks import queries
from exchange.messages.webhooks.sending import PostFailed, Sender
from exchange.messages.webhooks.settings import WebhookSettings
from signatures import Ed25519
from signatures.webhooks import sign_webhook

HELD = "webhook.held"
_LONGEST_PAUSE = timedelta(hours=6)


async def open_parts(runtime: Runtime, stack: AsyncExitStack) -> None:
    """Register the sender, and the handler of its jobs."""
    runtime.add(await Sender.open(runtime[WebhookSettings], stack))

    async def deliver(session: AsyncSession, job: WebhookJob) -> None:
        await _deliver(runtime, session, job)

    runtime[Jobs].register(WebhookJob, deliver)


def body_of(message: Message) -> bytes:
    """What is posted: the kind of a message, its time, the object that it is about, and a day. Nothing is about a person."""
    document = {
        "type": message.kind,
        "timestamp": rfc3339(message.created_at),
        "data": {
            "message": str(message.id),
            "organisation": str(message.organisation_id),
            "matter": {"kind": message.matter_kind, "id": str(message.matter_id)},
            "day": None if message.day is None else str(message.day),
        },
    }
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


async def _deliver(runtime: Runtime, session: AsyncSession, job: WebhookJob) -> None:
    """Post a message that waits for a webhook, unless it is held or pauses after a failure.

    Whoever is killed between the post and the commit posts again, with the same id.
    """
    post = await queries.find_post(session, job.webhook, job.message)
    if post is None or post.webhook.state != "active":
        return  # delivered or removed; what waits for a held one is enqueued again when it is resumed
    now = runtime.clock.now()
    if post.webhook.retry_at is not None and post.webhook.retry_at > now:
        await enqueue(session, job, delay=post.webhook.retry_at - now)
        return
    url, body, created = post.webhook.url, body_of(post.message), runtime.clock.seconds()
    await session.rollback()  # while the server answers, no connection of the database waits for it
    key = runtime.key
    fields = sign_webhook(
        Ed25519(key.public, key.seed),
        keyid=key.keyid,
        url=url,
        identifier=str(job.message),
        created=created,
        body=body,
    )
    failure = None
    try:
        await runtime[Sender].post(url, body, fields | {"content-type": "application/json"})
    except PostFailed as error:
        failure = error
    await _settle(runtime, session, job, failure)


async def _settle(runtime: Runtime, session: AsyncSession, job: WebhookJob, failure: PostFailed | None) -> None:
    """Record how a post ended: delivered, to be tried again after a pause, or one failure too many."""
    webhook, now = await queries.lock_any(session, job.webhook), runtime.clock.now()
    settings = runtime[WebhookSettings]
    if failure is None:
        await queries.take_out(session, webhook.id, job.message)
        webhook.failures, webhook.retry_at, webhook.last_failure, webhook.delivered_at = 0, None, None, now
        return
    webhook.failures += 1
    webhook.last_failure = str(failure)
    if webhook.state != "active":
        return  # held or removed while the server took its time
    if failure.is_final or webhook.failures >= settings.webhook_attempts:
        webhook.state, webhook.retry_at = "held", None
        await notify(
            session,
            organisation=webhook.organisation_id,
            kind=HELD,
            about=Matter("webhook", webhook.id),
            key=f"{HELD}/{webhook.id}/{rfc3339(now)}",
            now=now,
        )
        return
    pause = min(timedelta(seconds=settings.webhook_pause * 2 ** (webhook.failures - 1)), _LONGEST_PAUSE)
    webhook.retry_at = now + pause
    await enqueue(session, job, delay=pause)
