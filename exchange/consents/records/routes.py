"""The route of records."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from exchange.consents.records import service
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

MEDIA_TYPE: Final = "application/ld+json"
router = APIRouter(prefix="/api/v1/consents", tags=["consents"], route_class=SignedRoute, responses=problems())
_CONTENT: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {}}}}


@router.get("/{consent_id}/record", response_class=JSONResponse, responses=_CONTENT)
async def read_record(work: SignedWork, consent_id: UUID) -> JSONResponse:
    """A consent as a record of ISO/IEC TS 27560 in JSON-LD, with what opens its entries: see docs/consent.md."""
    return JSONResponse(await service.read(work, consent_id), media_type=MEDIA_TYPE)
