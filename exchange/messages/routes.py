"""The routes of messages."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.kernel.web.openapi import problems
from exchange.messages import queries, service
from exchange.messages.schemas import MessageOut
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1/messages", tags=["messages"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_messages(
    work: SignedWork,
    unread: Annotated[bool, Query(description="Only those that nobody of your organisation has read")] = False,  # noqa: FBT002 - a parameter of the query
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[MessageOut]:
    """What your organisation was told, oldest first."""
    own = work.principal.organisation
    work.permit("message", "read", own)
    messages = await queries.list_messages(work.session, own, is_unread=unread, after=after, limit=limit)
    return [service.message_out(message) for message in messages]


@router.post("/{message_id}/reading")
async def read_message(work: SignedWork, message_id: UUID) -> MessageOut:
    """Mark a message as read, for your whole organisation."""
    return await service.mark_read(work, message_id)
