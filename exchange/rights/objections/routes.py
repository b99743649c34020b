"""The routes of objections to records."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading
from exchange.rights.objections import queries, service
from exchange.rights.objections.schemas import NewRecordObjection, RecordObjectionOut, RecordObjectionStep

router = APIRouter(prefix="/api/v1/rights/objections", tags=["rights"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_record_objections(
    work: SignedWork,
    record: Annotated[UUID | None, Query(description="Only those to this record")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[RecordObjectionOut]:
    """Objections to records: those of your organisation, and those to its records that it was told of."""
    reading = demand_reading(work, "rights")
    return await service.out(
        work, await queries.objections(work.session, reading, record=record, after=after, limit=limit)
    )


@router.post("", status_code=201)
async def object_to_record(work: SignedWork, new: NewRecordObjection) -> RecordObjectionOut:
    """Object to a record, under your organisation's name and with evidence (Article 29)."""
    return (await service.out(work, [await service.file(work, new)]))[0]


@router.post("/{objection_id}/steps")
async def take_step(work: SignedWork, objection_id: UUID, step: RecordObjectionStep) -> RecordObjectionOut:
    """Take a step: the registrar tells the holder, rejects or concludes; the holder agrees or contests."""
    return (await service.out(work, [await service.take(work, objection_id=objection_id, step=step)]))[0]
