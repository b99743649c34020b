"""The routes of background jobs, for the operator."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from exchange.jobs import queries, service
from exchange.jobs.schemas import Discarded, Discarding, JobOut, State
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from policies.roles.roles import EXCHANGE

router = APIRouter(prefix="/api/v1/jobs", tags=["exchange"], route_class=SignedRoute, responses=problems())
Number = Annotated[int, Path(ge=0, lt=2**63)]


@router.get("")
async def list_jobs(
    work: SignedWork,
    state: Annotated[State | None, Query(description="Only jobs of this state")] = None,
    after: Annotated[int, Query(ge=0, lt=2**63, description="The last id of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[JobOut]:
    """Background jobs that are waiting, running, or failed and held; oldest first."""
    work.permit("job", "read", EXCHANGE)
    jobs = await queries.list_jobs(work.session, state=state, after=after, limit=limit)
    return [JobOut.model_validate(job) for job in jobs]


@router.post("/{job_id}/retry")
async def retry_job(work: SignedWork, job_id: Number) -> JobOut:
    """Try a job again that failed and is held. The answer shows it as it was."""
    return JobOut.model_validate(await service.retry(work, job_id))


@router.post("/{job_id}/discarding")
async def discard_job(work: SignedWork, job_id: Number, discarding: Discarding) -> Discarded:
    """Give up a job that failed and is held: what it was to do is not done."""
    return await service.discard(work, job_id, discarding)
