"""The route of the lineage of datasets."""

from uuid import UUID

from fastapi import APIRouter

from exchange.catalog.lineage import service
from exchange.catalog.lineage.schemas import LineageOut
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=SignedRoute, responses=problems())


@router.get("/datasets/{dataset_id}/lineage")
async def read_lineage(work: SignedWork, dataset_id: UUID) -> LineageOut:
    """The datasets that one dataset is derived from, and those derived from it, as far as you may see them."""
    return await service.read(work, dataset_id=dataset_id)
