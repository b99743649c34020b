"""The addresses of sources."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from adapters.kind import Kind
from exchange.kernel.web.http import headers_of
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork, UploadRoute
from exchange.sources import queries, schemas, service
from exchange.sources.schemas import SourceOut

_FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"format": "binary"}}}}}


def routers(kinds: Mapping[str, Kind[Any]]) -> tuple[APIRouter, APIRouter]:
    """The routes of an exchange that takes these kinds of source, and its routes for uploads."""
    new_source, out = schemas.new_source_model(kinds), schemas.source_out_model(kinds)

    async def register_source(work: SignedWork, new: new_source) -> SourceOut:  # type: ignore[valid-type]
        """Register a source. A file is uploaded to the source's content address afterwards."""
        return SourceOut.model_validate(await service.register(work, new))

    router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=SignedRoute, responses=problems())
    router.get("/sources", response_model=list[out])(list_sources)  # type: ignore[valid-type]
    router.post("/sources", response_model=out, status_code=201, responses=problems(502))(register_source)
    router.get("/sources/{source_id}", response_model=out)(read_source)
    router.post("/sources/{source_id}/withdrawal", response_model=out)(withdraw_source)

    uploads = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=UploadRoute, responses=problems(502, 507))
    uploads.put("/sources/{source_id}/content", response_model=out, openapi_extra=_FILE)(upload_content)
    return router, uploads


async def list_sources(work: SignedWork) -> list[SourceOut]:
    """The sources of your organisation."""
    work.permit("source", "read", work.principal.organisation)
    return [SourceOut.model_validate(row) for row in await queries.source_rows(work.session, work.principal)]


async def read_source(work: SignedWork, source_id: UUID) -> SourceOut:
    """One source, with the fields that were inferred."""
    row = await queries.source_row(work.session, work.principal, source_id)
    work.permit("source", "read", row.organisation_id)
    return SourceOut.model_validate(row)


async def upload_content(
    work: SignedWork,
    request: Request,
    source_id: UUID,
    filename: Annotated[str, Query(max_length=255, description="The file's name, for its suffix")] = "",
) -> SourceOut:
    """Upload a file: CSV, Excel (.xlsx, .xls), Parquet or JSON lines. It is read at once, or refused with the place."""
    row = await service.upload(
        work, source_id=source_id, chunks=request.stream(), headers=headers_of(request), filename=filename
    )
    return SourceOut.model_validate(row)


async def withdraw_source(work: SignedWork, source_id: UUID) -> SourceOut:
    """Withdraw a source."""
    return SourceOut.model_validate(await service.withdraw(work, source_id=source_id))
