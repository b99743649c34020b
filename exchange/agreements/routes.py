"""The routes of agreements."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from exchange.agreements import queries, records, service
from exchange.agreements.models import Agreement
from exchange.agreements.narrowing import narrow as narrow_agreement
from exchange.agreements.schemas import (
    AgreementOut,
    Disposal,
    Narrowing,
    RecordOut,
    Report,
    ResharingRequest,
    Statement,
    StatementOut,
    Usage,
)
from exchange.agreements.view import in_force_document
from exchange.catalog.odrl import address
from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading
from policies.odrl.writing import MEDIA_TYPE, write_agreement

router = APIRouter(prefix="/api/v1/agreements", tags=["agreements"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_agreements(
    work: SignedWork,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AgreementOut]:
    """The agreements your organisation is a side of."""
    rows = await queries.agreements(work.session, demand_reading(work, "agreement"), after=after, limit=limit)
    return await service.read_out(work, rows)


@router.get("/{agreement_id}")
async def read_agreement(work: SignedWork, agreement_id: UUID) -> AgreementOut:
    """One agreement."""
    return await _out(work, await queries.agreement(work.session, demand_reading(work, "agreement"), agreement_id))


@router.get("/{agreement_id}/odrl", response_class=JSONResponse, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def read_agreement_as_odrl(work: SignedWork, agreement_id: UUID) -> JSONResponse:
    """One agreement as an ODRL agreement in JSON-LD. It narrows the dataset's present offer."""
    agreement = await _out(work, await queries.agreement(work.session, demand_reading(work, "agreement"), agreement_id))
    url = work.runtime.settings.public_url
    document = write_agreement(
        in_force_document(agreement),
        uid=f"{url}/api/v1/agreements/{agreement.id}/odrl",
        dataset=str(agreement.dataset_id),
        owner=str(agreement.provider_id),
        consumer=str(agreement.consumer_id),
        inherits=address(url, agreement.dataset_id),
    )
    return JSONResponse(document, media_type=MEDIA_TYPE)


@router.get("/{agreement_id}/statements")
async def read_statements(work: SignedWork, agreement_id: UUID) -> list[StatementOut]:
    """The reasons given when an agreement was suspended, resumed or terminated, and what each new version changed for it."""
    agreement = await queries.agreement(work.session, demand_reading(work, "agreement"), agreement_id)
    rows = await queries.statements(work.session, agreement.id)
    return [StatementOut.model_validate(row) for row in rows]


@router.post("/{agreement_id}/activation")
async def activate(work: SignedWork, agreement_id: UUID, statement: Statement) -> AgreementOut:
    """Activate an agreement whose data is provided from now on (Decree 809, Article 22)."""
    return await _out(work, await service.activate(work, agreement_id=agreement_id, statement=statement))


@router.post("/{agreement_id}/suspension")
async def suspend(work: SignedWork, agreement_id: UUID, statement: Statement) -> AgreementOut:
    """Suspend an agreement: it permits no delivery until it is resumed."""
    changed = await service.change(work, agreement_id=agreement_id, verb="suspend", statement=statement)
    return await _out(work, changed)


@router.post("/{agreement_id}/narrowing")
async def narrow(work: SignedWork, agreement_id: UUID, narrowing: Narrowing) -> AgreementOut:
    """Narrow an agreement at once, for good: fewer fields, stricter masks, fewer rows, an earlier end."""
    return await _out(work, await narrow_agreement(work, agreement_id=agreement_id, narrowing=narrowing))


@router.post("/{agreement_id}/resumption")
async def resume(work: SignedWork, agreement_id: UUID, statement: Statement) -> AgreementOut:
    """Resume a suspended agreement."""
    changed = await service.change(work, agreement_id=agreement_id, verb="resume", statement=statement)
    return await _out(work, changed)


@router.post("/{agreement_id}/termination")
async def terminate(work: SignedWork, agreement_id: UUID, statement: Statement) -> AgreementOut:
    """Terminate an agreement, for good."""
    changed = await service.change(work, agreement_id=agreement_id, verb="terminate", statement=statement)
    return await _out(work, changed)


@router.post("/{agreement_id}/rectification")
async def rectify(work: SignedWork, agreement_id: UUID, statement: Statement) -> AgreementOut:
    """State that the use of a suspended agreement was rectified; its provider resumes it."""
    return await _out(work, await records.rectify(work, agreement_id=agreement_id, reason=statement.reason))


@router.post("/{agreement_id}/reports", status_code=201)
async def report(work: SignedWork, agreement_id: UUID, report: Report) -> RecordOut:
    """Report that data shared between departments was passed on, or used outside the agreement."""
    return RecordOut.model_validate(await records.report(work, agreement_id=agreement_id, report=report))


@router.post("/{agreement_id}/resharing", status_code=201)
async def request_resharing(work: SignedWork, agreement_id: UUID, request: ResharingRequest) -> RecordOut:
    """Ask to pass shared data on: it is denied, on the record, and the agreement's suspension is proposed."""
    return RecordOut.model_validate(await records.request_resharing(work, agreement_id=agreement_id, request=request))


@router.post("/{agreement_id}/disposal", status_code=201)
async def dispose(work: SignedWork, agreement_id: UUID, disposal: Disposal) -> RecordOut:
    """Record, with evidence, that the data of an agreement that ended was disposed of."""
    return RecordOut.model_validate(await records.dispose(work, agreement_id=agreement_id, disposal=disposal))


@router.post("/{agreement_id}/usage", status_code=201)
async def record_usage(work: SignedWork, agreement_id: UUID, usage: Usage) -> RecordOut:
    """Record the use of shared data (Decree 809, Article 29)."""
    return RecordOut.model_validate(await records.record_usage(work, agreement_id=agreement_id, usage=usage))


@router.get("/{agreement_id}/records")
async def read_records(work: SignedWork, agreement_id: UUID) -> list[RecordOut]:
    """The records of use, disposal and reports of an agreement between departments."""
    agreement = await queries.agreement(work.session, demand_reading(work, "agreement"), agreement_id)
    return [RecordOut.model_validate(row) for row in await queries.records(work.session, agreement.id)]


async def _out(work: Work, agreement: Agreement) -> AgreementOut:
    [out] = await service.read_out(work, [agreement])
    return out
