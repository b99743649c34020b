"""The verbs of webhooks: register, resume, remove."""

from uuid import UUID

from adapters.contract import SourceError
from exchange.jobs.service import enqueue
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.messages.models import Webhook
from exchange.messages.outbox import WebhookJob
from exchange.messages.webhooks import queries
from exchange.messages.webhooks.errors import WebhookRefused
from exchange.messages.webhooks.schemas import NewWebhook, WebhookOut
from exchange.messages.webhooks.sending import Sender
from exchange.participants.queries import organisation_row
from ledger import entries

MOST = 5


async def register(work: Work, new: NewWebhook) -> WebhookOut:
    """Register a server of the principal's organisation. Raises Forbidden, WebhookRefused, Conflict."""
    own = work.principal.organisation
    work.permit("webhook", "manage", own)
    try:
        await work.runtime[Sender].check(new.url)
    except SourceError as error:
        raise WebhookRefused(f"{error.detail}.", code=error.code) from error
    except OSError as error:
        raise WebhookRefused("The host of the URL has no address.", code="host-unknown") from error
    await organisation_row(work.session, own, lock=True)  # two registrations at once are counted one after the other
    present = await queries.webhooks(work.session, own)
    if any(webhook.url == new.url for webhook, _ in present):
        raise Conflict("Your organisation has a webhook of this URL; remove it first.")
    if len(present) >= MOST:
        raise Conflict(f"An organisation has at most {MOST} webhooks; remove one first.")
    webhook = Webhook(
        id=new_id(),
        organisation_id=own,
        url=new.url,
        kinds=list(dict.fromkeys(new.kinds)),
        state="active",
        failures=0,
        salt=new_salt(),
        registered_at=work.runtime.clock.now(),
        registered_by=work.principal.id,
    )
    work.session.add(webhook)
    _record(work, webhook, "webhook.registered")
    return webhook_out(webhook, 0)


async def resume(work: Work, webhook_id: UUID) -> WebhookOut:
    """Resume a webhook that is held: what waits for it is posted. Raises Forbidden, NotFound, Conflict."""
    own = work.principal.organisation
    work.permit("webhook", "manage", own)
    webhook = await queries.lock_webhook(work.session, own, webhook_id)
    if webhook.state != "held":
        raise Conflict("Only a webhook that is held is resumed.", state=webhook.state)
    webhook.state, webhook.failures, webhook.retry_at = "active", 0, None
    messages = await queries.waiting(work.session, webhook.id)
    for message in messages:
        await enqueue(work.session, WebhookJob(webhook=webhook.id, message=message))
    _record(work, webhook, "webhook.resumed")
    return webhook_out(webhook, len(messages))


async def remove(work: Work, webhook_id: UUID) -> None:
    """Remove a webhook; what waits for it is not posted. Raises Forbidden, NotFound."""
    own = work.principal.organisation
    work.permit("webhook", "manage", own)
    webhook = await queries.lock_webhook(work.session, own, webhook_id)
    webhook.state = "removed"
    await queries.take_out(work.session, webhook.id)
    _record(work, webhook, "webhook.removed")


def _record(work: Work, webhook: Webhook, type_: str) -> None:
    work.entry(
        entries.WebhookChanged,
        about=("webhook", webhook.id),
        type=type_,
        url=commitment(webhook.url, salt=webhook.salt),
    )


def webhook_out(webhook: Webhook, waiting: int) -> WebhookOut:
    """A webhook as its organisation sees it, with the number of messages that wait for it."""
    return WebhookOut(
        id=webhook.id,
        url=webhook.url,
        kinds=webhook.kinds,
        state="held" if webhook.state == "held" else "active",
        waiting=waiting,
        failures=webhook.failures,
        last_failure=webhook.last_failure,
        retry_at=webhook.retry_at,
        delivered_at=webhook.delivered_at,
        registered_at=webhook.registered_at,
    )
