"""The routes of webhooks."""

from uuid import UUID

from fastapi import APIRouter

from exchange.kernel.web.openapi import problems
from exchange.messages.webhooks import queries, service
from exchange.messages.webhooks.schemas import NewWebhook, WebhookOut
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1/webhooks", tags=["messages"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_webhooks(work: SignedWork) -> list[WebhookOut]:
    """Your organisation's webhooks, with what waits for each and why it failed last."""
    own = work.principal.organisation
    work.permit("webhook", "read", own)
    return [service.webhook_out(webhook, waiting) for webhook, waiting in await queries.webhooks(work.session, own)]


@router.post("", status_code=201)
async def register_webhook(work: SignedWork, new: NewWebhook) -> WebhookOut:
    """Register an HTTPS server of your own, to which each message to your organisation is posted, signed."""
    return await service.register(work, new)


@router.post("/{webhook_id}/resumption")
async def resume_webhook(work: SignedWork, webhook_id: UUID) -> WebhookOut:
    """Resume a webhook that is held, once its server answers again: what waits for it is posted."""
    return await service.resume(work, webhook_id)


@router.delete("/{webhook_id}", status_code=204)
async def remove_webhook(work: SignedWork, webhook_id: UUID) -> None:
    """Remove a webhook. What waits for it is not posted; the messages themselves stay."""
    await service.remove(work, webhook_id)
