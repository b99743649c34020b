"""The routes of applications."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.applications import deciding, queries, service
from exchange.applications.models import Application
from exchange.applications.schemas import (
    ApplicationOut,
    Approval,
    Approved,
    Extension,
    ExtensionConsent,
    NewApplication,
    Reasons,
    Supplement,
    SupplementRequest,
)
from exchange.calendar import queries as calendar
from exchange.calendar.service import deadline_out
from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
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
    return await _out(work, rows)


@router.post("", status_code=201)
async def submit(work: SignedWork, new: NewApplication) -> ApplicationOut:
    """Apply for fields of a dataset. Between departments this is a draft, which your approver consents to."""
    return await _one(work, await service.submit(work, new))


@router.get("/{application_id}")
async def read_application(work: SignedWork, application_id: UUID) -> ApplicationOut:
    """One application."""
    reading = demand_reading(work, "application")
    return await _one(work, await queries.application(work.session, reading, application_id))


@router.post("/{application_id}/consent")
async def consent(work: SignedWork, application_id: UUID) -> ApplicationOut:
    """Consent to your organisation's draft, as its approver: it is submitted, and the owner's reply is due in time."""
    return await _one(work, await service.consent(work, application_id=application_id))


@router.post("/{application_id}/approval", status_code=201)
async def approve(work: SignedWork, application_id: UUID, approval: Approval) -> Approved:
    """Approve an application, as asked or narrower; also while a supplement is requested."""
    application, agreement = await deciding.approve(work, application_id=application_id, approval=approval)
    return Approved(application=await _one(work, application), agreement=agreement)


@router.post("/{application_id}/refusal")
async def refuse(work: SignedWork, application_id: UUID, refusal: Reasons) -> ApplicationOut:
    """Refuse an application, with the reason. While a supplement is requested, only once its time is over."""
    return await _one(work, await deciding.refuse(work, application_id=application_id, refusal=refusal))


@router.post("/{application_id}/supplement-request")
async def request_supplement(work: SignedWork, application_id: UUID, request: SupplementRequest) -> ApplicationOut:
    """Ask, once, for everything that is missing."""
    return await _one(work, await deciding.request_supplement(work, application_id=application_id, request=request))


@router.post("/{application_id}/supplement")
async def supplement(work: SignedWork, application_id: UUID, supplement: Supplement) -> ApplicationOut:
    """Supply what was missing."""
    return await _one(work, await service.supplement(work, application_id=application_id, text=supplement.supplement))


@router.post("/{application_id}/extension-consent")
async def consent_to_extension(work: SignedWork, application_id: UUID, consent: ExtensionConsent) -> ApplicationOut:
    """Consent, as the sharing authority, to an extension of the reply, before the reply is due."""
    return await _one(work, await deciding.consent_to_extension(work, application_id=application_id, consent=consent))


@router.post("/{application_id}/extension")
async def extend(work: SignedWork, application_id: UUID, extension: Extension) -> ApplicationOut:
    """Extend the reply by working days that the sharing authority has consented to."""
    return await _one(work, await deciding.extend(work, application_id=application_id, extension=extension))


@router.post("/{application_id}/withdrawal")
async def withdraw(work: SignedWork, application_id: UUID) -> ApplicationOut:
    """Take an application back, or discard a draft."""
    return await _one(work, await service.withdraw(work, application_id=application_id))


async def _one(work: Work, application: Application) -> ApplicationOut:
    [out] = await _out(work, [application])
    return out


async def _out(work: Work, rows: Sequence[Application]) -> list[ApplicationOut]:
    await work.session.flush()
    matters = [service.matter_of(row) for row in rows if row.lane == "government"]
    by_matter = await calendar.deadlines_of(work.session, matters) if matters else {}
    return [
        ApplicationOut.model_validate(
            {
                **{name: getattr(row, name) for name in ApplicationOut.model_fields if name != "deadlines"},
                "deadlines": [deadline_out(view) for view in by_matter.get(service.matter_of(row), ())],
            }
        )
        for row in rows
    ]
