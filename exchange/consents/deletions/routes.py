"""The routes of deletions."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.calendar import queries as calendar
from exchange.calendar.counting import Matter
from exchange.consents.deletions import queries, service
from exchange.consents.deletions.schemas import DeletionOut, Evidence, PersonOut
from exchange.consents.models import DeletionTask
from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading

router = APIRouter(prefix="/api/v1/deletions", tags=["consents"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_deletions(
    work: SignedWork,
    state: Annotated[Literal["ordered", "overdue", "evidenced"] | None, Query(description="Only in this state")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[DeletionOut]:
    """What your organisation has to delete, and what others have to delete of its data, oldest first."""
    reading = demand_reading(work, service.KIND)
    return await _outs(work, await queries.deletions(work.session, reading, state=state, after=after, limit=limit))


@router.get("/{deletion_id}")
async def read_deletion(work: SignedWork, deletion_id: UUID) -> DeletionOut:
    """One deletion."""
    return await _out(work, await queries.deletion(work.session, demand_reading(work, service.KIND), deletion_id))


@router.post("/{deletion_id}/person")
async def read_person(work: SignedWork, deletion_id: UUID) -> PersonOut:
    """Whose data the recipient has to delete; the reading is on the ledger. Null where it never got identifiers."""
    field, people = await service.read_people(work, deletion_id=deletion_id)
    return PersonOut(field=field, value=people[0] if len(people) == 1 else None, values=people)


@router.post("/{deletion_id}/evidence")
async def give_evidence(work: SignedWork, deletion_id: UUID, evidence: Evidence) -> DeletionOut:
    """State how the data was deleted. Without it by the last day, the recipient's agreements are suspended."""
    return await _out(work, await service.give_evidence(work, deletion_id=deletion_id, evidence=evidence))


async def _out(work: Work, task: DeletionTask) -> DeletionOut:
    [out] = await _outs(work, [task])
    return out


async def _outs(work: Work, tasks: Sequence[DeletionTask]) -> list[DeletionOut]:
    due = await calendar.deadlines_of(work.session, [Matter(service.KIND, task.id) for task in tasks])
    outs = []
    for task in tasks:
        clocks = due.get(Matter(service.KIND, task.id), [])
        columns = {name: getattr(task, name) for name in DeletionOut.model_fields if hasattr(task, name)}
        outs.append(DeletionOut.model_validate({**columns, "due": clocks[-1].due if clocks else None}))
    return outs
