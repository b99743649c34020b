"""The routes of corrections. Identifiers of people are in bodies only, never in an address, since logs keep addresses."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.corrections import queries, service
from exchange.corrections.models import Correction
from exchange.corrections.schemas import Answer, CorrectionOut, NewCorrection, State
from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading

router = APIRouter(prefix="/api/v1/corrections", tags=["corrections"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_corrections(
    work: SignedWork,
    dataset: Annotated[UUID | None, Query(description="Only those of this dataset")] = None,
    state: Annotated[State | None, Query(description="Only those in this state")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[CorrectionOut]:
    """Corrections of your organisation's datasets, and those that it filed; without people."""
    reading = demand_reading(work, "correction")
    rows = await queries.corrections(work.session, reading, dataset=dataset, state=state, after=after, limit=limit)
    return await service.out(work, rows)


@router.post("", status_code=201)
async def file_correction(work: SignedWork, new: NewCorrection) -> CorrectionOut:
    """File that data is inaccurate or incomplete. Its owner answers in 10 working days."""
    return await _out(work, await service.file(work, new))


@router.get("/{correction_id}")
async def read_correction(work: SignedWork, correction_id: UUID) -> CorrectionOut:
    """One correction; with its people for both sides."""
    rows = await queries.corrections(work.session, demand_reading(work, "correction"), correction=correction_id)
    if not rows:
        raise queries.missing()
    return await _out(work, rows[0], with_people=True)


@router.post("/{correction_id}/correction")
async def correct(work: SignedWork, correction_id: UUID, answer: Answer) -> CorrectionOut:
    """State that the data is corrected. Every consumer of the fields is told."""
    return await _act(work, correction_id, verb="correct", answer=answer)


@router.post("/{correction_id}/confirmation")
async def confirm(work: SignedWork, correction_id: UUID, answer: Answer) -> CorrectionOut:
    """State that the data is accurate, with the reason."""
    return await _act(work, correction_id, verb="confirm", answer=answer)


@router.post("/{correction_id}/settlement")
async def settle(work: SignedWork, correction_id: UUID, answer: Answer) -> CorrectionOut:
    """Accept the owner's answer; who it is about is deleted."""
    return await _act(work, correction_id, verb="settle", answer=answer)


@router.post("/{correction_id}/dispute")
async def dispute(work: SignedWork, correction_id: UUID, answer: Answer) -> CorrectionOut:
    """Dispute the owner's answer, with the reason."""
    return await _act(work, correction_id, verb="dispute", answer=answer)


@router.post("/{correction_id}/withdrawal")
async def withdraw(work: SignedWork, correction_id: UUID, answer: Answer) -> CorrectionOut:
    """Withdraw a correction before its owner has answered; who it is about is deleted."""
    return await _act(work, correction_id, verb="withdraw", answer=answer)


async def _act(work: Work, correction_id: UUID, *, verb: service.Verb, answer: Answer) -> CorrectionOut:
    return await _out(work, await service.act(work, correction_id=correction_id, verb=verb, statement=answer.statement))


async def _out(work: Work, correction: Correction, *, with_people: bool = False) -> CorrectionOut:
    await work.session.flush()
    [shown] = await service.out(work, [correction])
    if not with_people:
        return shown
    return shown.model_copy(update={"people": await service.people_of(work, correction)})
