"""The routes of notices."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.consents.models import ConsentNotice, ConsentScope
from exchange.consents.notices import queries, service
from exchange.consents.notices.schemas import Closing, NewNotice, NoticeOut
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading

router = APIRouter(prefix="/api/v1/consent-notices", tags=["consents"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_notices(
    work: SignedWork,
    dataset: Annotated[UUID | None, Query(description="Only those of this dataset")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[NoticeOut]:
    """The notices of your organisation's datasets, and those it is the recipient of; without counts."""
    reading = demand_reading(work, "notice")
    rows = await queries.notices(work.session, reading, dataset=dataset, after=after, limit=limit)
    return [_out(notice, scope) for notice, scope in rows]


@router.post("", status_code=201)
async def publish_notice(work: SignedWork, new: NewNotice) -> NoticeOut:
    """Publish a notice, under which people can be asked from now on. It never changes: another text is another notice."""
    return _out(*await service.publish(work, new))


@router.get("/{notice_id}")
async def read_notice(work: SignedWork, notice_id: UUID) -> NoticeOut:
    """One notice; for the owner's side with the number of records in each state."""
    notice, scope = await queries.notice(work.session, demand_reading(work, "notice"), notice_id)
    may_count = work.may("consent", "read", notice.controller_id)
    return _out(notice, scope, await queries.counts(work.session, scope.scope) if may_count else None)


@router.post("/{notice_id}/closing")
async def close_notice(work: SignedWork, notice_id: UUID, closing: Closing) -> NoticeOut:
    """Close a notice: nobody consents under it any more. Consents that were given hold until they end."""
    return _out(*await service.close(work, notice_id=notice_id, reason=closing.reason))


def _out(notice: ConsentNotice, scope: ConsentScope, counts: dict[str, int] | None = None) -> NoticeOut:
    columns = {name: getattr(notice, name) for name in NoticeOut.model_fields if hasattr(notice, name)}
    return NoticeOut.model_validate({**columns, "closed_at": scope.closed_at, "counts": counts})
