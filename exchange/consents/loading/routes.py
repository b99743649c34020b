"""The routes of loads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from exchange.consents.loading import queries, service
from exchange.consents.loading.reading import Format
from exchange.consents.loading.schemas import BadRowOut, LoadOut
from exchange.kernel.web.http import headers_of
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork, UploadRoute
from exchange.participants.reading import demand_reading

_FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"format": "binary"}}}}}
router = APIRouter(prefix="/api/v1/consent-loads", tags=["consents"], route_class=SignedRoute, responses=problems())
uploads = APIRouter(prefix="/api/v1/consent-notices", tags=["consents"], route_class=UploadRoute, responses=problems())


@router.get("/{load_id}")
async def read_load(work: SignedWork, load_id: UUID) -> LoadOut:
    """One load: which rows were not taken and why, and how far the others are merged."""
    return LoadOut.model_validate(await queries.load_row(work.session, demand_reading(work, "consent"), load_id))


@router.get("/{load_id}/rejects")
async def list_rejects(
    work: SignedWork,
    load_id: UUID,
    after: Annotated[int, Query(ge=0, le=2**62, description="The last row of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[BadRowOut]:
    """Every row of a load that was not taken, in their order, and why."""
    load = await queries.load_row(work.session, demand_reading(work, "consent"), load_id)
    return [
        BadRowOut.model_validate(row) for row in await queries.rejects(work.session, load.id, after=after, limit=limit)
    ]


@uploads.put("/{notice_id}/decisions", openapi_extra=_FILE)
async def load_decisions(
    work: SignedWork,
    request: Request,
    notice_id: UUID,
    file_format: Annotated[Format, Query(alias="format", description="CSV with a header, or JSON lines")] = "csv",
) -> LoadOut:
    """Load decisions from a file with `person`, `decision` (given, refused, withdrawn), `at`, `method` and `proof`.

    A guardian's consent for a child has `guardian_name`, `guardian_relation` and `guardian_verified_by`, too.

    Rows that are no valid decision are reported and left out. The others are merged into the records afterwards; the load
    says how far that is. The same file again changes nothing.
    """
    row = await service.load(
        work, notice_id=notice_id, chunks=request.stream(), headers=headers_of(request), file_format=file_format
    )
    return LoadOut.model_validate(row)
