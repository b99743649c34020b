"""The routes of notices."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.agreements.notices import queries, service
from exchange.agreements.notices.models import AgreementNotice
from exchange.agreements.notices.schemas import AgreementNoticeOut, Consultation, NewAgreementNotice, NoticeReason
from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading

router = APIRouter(
    prefix="/api/v1/agreement-notices", tags=["agreements"], route_class=SignedRoute, responses=problems()
)


@router.get("")
async def list_notices(
    work: SignedWork,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AgreementNoticeOut]:
    """Notices of a change or stop: those your organisation announced, and those about its agreements."""
    reading = demand_reading(work, "agreement")
    return await service.read_out(work, await queries.notices(work.session, reading, after=after, limit=limit), reading)


@router.post("", status_code=201)
async def announce_notice(work: SignedWork, new: NewAgreementNotice) -> AgreementNoticeOut:
    """Announce, working days ahead, that the sharing of a dataset stops or changes. The demanders are told."""
    return await _out(work, await service.announce(work, new))


@router.get("/{notice_id}")
async def read_notice(work: SignedWork, notice_id: UUID) -> AgreementNoticeOut:
    """One notice."""
    rows = await queries.notices(work.session, demand_reading(work, "agreement"), notice=notice_id)
    if not rows:
        raise queries.missing()
    return await _out(work, rows[0])


@router.post("/{notice_id}/consultation")
async def record_consultation(work: SignedWork, notice_id: UUID, consultation: Consultation) -> AgreementNoticeOut:
    """Record the consultation with the demanders and its filing with the authority."""
    return await _out(work, await service.consult(work, notice_id=notice_id, consultation=consultation))


@router.post("/{notice_id}/execution")
async def carry_notice_out(work: SignedWork, notice_id: UUID, reason: NoticeReason) -> AgreementNoticeOut:
    """Carry the notice out, on its day or later: its agreements end, or are kept, as it says."""
    return await _out(work, await service.carry_out(work, notice_id=notice_id, reason=reason.reason))


@router.post("/{notice_id}/withdrawal")
async def withdraw_notice(work: SignedWork, notice_id: UUID, reason: NoticeReason) -> AgreementNoticeOut:
    """Withdraw a notice that was not carried out."""
    return await _out(work, await service.withdraw(work, notice_id=notice_id, reason=reason.reason))


async def _out(work: Work, notice: AgreementNotice) -> AgreementNoticeOut:
    [out] = await service.read_out(work, [notice], demand_reading(work, "agreement"))
    return out
