"""The routes of items."""

from fastapi import APIRouter

from exchange.catalog.items import queries, service
from exchange.catalog.items.schemas import ItemSourceOut, Match, Matching, NewItemSource
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork

router = APIRouter(prefix="/api/v1/catalogue", tags=["catalogue"], route_class=SignedRoute, responses=problems())


@router.post("/matches")
async def match_items(work: SignedWork, matching: Matching) -> list[Match]:
    """What the catalogue has already of these items: ask before a dataset is published or people are asked for data."""
    return await service.match(work, matching)


@router.get("/item-sources")
async def list_item_sources(work: SignedWork) -> list[ItemSourceOut]:
    """The source department of each item for which the sharing authority named one."""
    return [service.out(row) for row in await queries.item_sources(work.session)]


@router.put("/item-sources")
async def name_item_source(work: SignedWork, new: NewItemSource) -> ItemSourceOut:
    """Name the department that provides an item where several collect it, as the sharing authority."""
    return service.out(await service.name_source(work, new))
