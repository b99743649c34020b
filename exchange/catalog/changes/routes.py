"""The routes of changes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.catalog.changes import queries, service
from exchange.catalog.changes.schemas import ChangeOut, NewChange, UpdateExtension
from exchange.catalog.reading import visible_owners
from exchange.kernel.problems import NotFound
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=SignedRoute, responses=problems())


@router.post("/datasets/{dataset_id}/change", status_code=201)
async def state_change(work: SignedWork, dataset_id: UUID, new: NewChange) -> ChangeOut:
    """State a change of law or duty, from which an update of the entry is due in 10 working days."""
    change = await service.state(work, dataset_id=dataset_id, new=new)
    await work.session.flush()
    return (await service.out(work, [change]))[0]


@router.get("/catalogue-changes")
async def list_changes(
    work: SignedWork,
    dataset: Annotated[UUID | None, Query(description="Only those of this dataset")] = None,
    open: Annotated[bool, Query(description="Only those whose update is not published yet")] = False,  # noqa: A002, FBT002 - a parameter of the query
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ChangeOut]:
    """The changes of your organisation's datasets, with the clock of each; for the sharing authority, all."""
    rows = await queries.changes(
        work.session, visible_owners(work), dataset=dataset, is_open=open, after=after, limit=limit
    )
    return await service.out(work, rows)


@router.get("/catalogue-changes/{change_id}")
async def read_change(work: SignedWork, change_id: UUID) -> ChangeOut:
    """One change."""
    rows = await queries.changes(work.session, visible_owners(work), change=change_id)
    if not rows:
        raise NotFound("There is no such change, or none that you may see; GET /api/v1/catalogue-changes lists them.")
    return (await service.out(work, rows))[0]


@router.post("/catalogue-changes/{change_id}/extension")
async def extend_update(work: SignedWork, change_id: UUID, extension: UpdateExtension) -> ChangeOut:
    """Consent to a later update, by at most 5 working days and once, as the sharing authority."""
    change = await service.extend(work, change_id=change_id, extension=extension)
    await work.session.flush()
    return (await service.out(work, [change]))[0]
