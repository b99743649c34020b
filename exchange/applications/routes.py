"""The routes of applications."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.applications import queries, service
from exchange.applications.schemas import (
    ApplicationOut,
    Approval,
    Approved,
    NewApplication,
    Reasons,
    Supplement,
    SupplementRequest,
)
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading

router = APIRouter(prefix="/api/v1/applications", tags=["applications"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_applications(
    work: SignedWork,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ApplicationOut]:
    """The applications your organisation made or has to decide."""
    reading = demand_reading(work, "application")
    rows = await queries.applications(work.session, reading, after=after, limit=limit)
    return [ApplicationOut.model_validate(row) for row in rows]


@router.post("", status_code=201)
async def submit(work: SignedWork, new: NewApplication) -> ApplicationOut:
    """Apply for fields of a dataset."""
    return ApplicationOut.model_validate(await service.submit(work, new))


@router.get("/{application_id}")
async def read_application(work: SignedWork, application_id: UUID) -> ApplicationOut:
    """One application."""
    reading = demand_reading(work, "application")
    return ApplicationOut.model_validate(await queries.application(work.session, reading, application_id))


@router.post("/{application_id}/approval", status_code=201)
async def approve(work: SignedWork, application_id: UUID, approval: Approval) -> Approved:
    """Approve an application, as asked or narrower; also while a supplement is requested."""
    application, agreement = await service.approve(work, application_id=application_id, approval=approval)
    return Approved(application=ApplicationOut.model_validate(application), agreement=agreement)


@router.post("/{application_id}/refusal")
async def refuse(work: SignedWork, application_id: UUID, refusal: Reasons) -> ApplicationOut:
    """Refuse an application, with the reason. While a supplement is requested, only once its time is over."""
    refused = await service.refuse(work, application_id=application_id, reasons=refusal.reason)
    return ApplicationOut.model_validate(refused)


@router.post("/{application_id}/supplement-request")
async def request_supplement(work: SignedWork, application_id: UUID, request: SupplementRequest) -> ApplicationOut:
    """Ask, once, for everything that is missing."""
    changed = await service.request_supplement(
        work, application_id=application_id, missing=request.missing, days=request.days
    )
    return ApplicationOut.model_validate(changed)


@router.post("/{application_id}/supplement")
async def supplement(work: SignedWork, application_id: UUID, supplement: Supplement) -> ApplicationOut:
    """Supply what was missing."""
    changed = await service.supplement(work, application_id=application_id, text=supplement.supplement)
    return ApplicationOut.model_validate(changed)


@router.post("/{application_id}/withdrawal")
async def withdraw(work: SignedWork, application_id: UUID) -> ApplicationOut:
    """Take an application back."""
    return ApplicationOut.model_validate(await service.withdraw(work, application_id=application_id))
