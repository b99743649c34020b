"""The addresses of sources."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from exchange.kernel.web.http import headers_of
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork, UploadRoute
from exchange.sources import queries, service
from exchange.sources.schemas import NewSource, SourceOut

router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=SignedRoute, responses=problems())
uploads = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=UploadRoute, responses=problems(502))


@router.get("/sources")
async def list_sources(work: SignedWork) -> list[SourceOut]:
    """The sources of your organisation."""
    work.permit("source", "read", work.principal.organisation)
    return [SourceOut.model_validate(source) for source in await queries.sources(work.session, work.principal)]


@router.post("/sources", status_code=201, responses=problems(502))
async def register_source(work: SignedWork, new: NewSource) -> SourceOut:
    """Register a source. A file is uploaded to the source's content address afterwards."""
    return SourceOut.model_validate(await service.register(work, new))


@router.get("/sources/{source_id}")
async def read_source(work: SignedWork, source_id: UUID) -> SourceOut:
    """One source, with the fields that were inferred."""
    source = await queries.source(work.session, work.principal, source_id)
    work.permit("source", "read", source.organisation_id)
    return SourceOut.model_validate(source)


@uploads.put(
    "/sources/{source_id}/content",
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"format": "binary"}}}}
    },
)
async def upload_content(
    work: SignedWork,
    request: Request,
    source_id: UUID,
    filename: Annotated[str, Query(max_length=255, description="The file's name, for its suffix")] = "",
) -> SourceOut:
    """Upload a file: CSV, Excel (.xlsx, .xls), Parquet or JSON lines. It is read at once, or refused with the place."""
    source = await service.upload(
        work, source_id=source_id, chunks=request.stream(), digest=headers_of(request), filename=filename
    )
    return SourceOut.model_validate(source)


@router.post("/sources/{source_id}/withdrawal")
async def withdraw_source(work: SignedWork, source_id: UUID) -> SourceOut:
    """Withdraw a source."""
    return SourceOut.model_validate(await service.withdraw(work, source_id=source_id))
