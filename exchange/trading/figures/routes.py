"""The routes of the market's figures: by day for everybody, the disclosure for sellers, the facts of a listing."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.trading.figures import days, disclosure, measured
from exchange.trading.figures.schemas import DaysOut, DisclosureOut, FactsOut

public = APIRouter(prefix="/market", tags=["market"], responses=problems(public=True))
router = APIRouter(prefix="/api/v1/market", tags=["market"], route_class=SignedRoute, responses=problems())

_CSV: Final = "text/csv; charset=utf-8"
_FIRST: Final = date(2000, 1, 1)
_Year = Annotated[int, Path(ge=2020, le=9998, description="A calendar year in China")]
_Seller = Annotated[UUID | None, Query(description="The operator; by default your organisation")]


@public.get("/days")
async def market_by_day(
    request: Request,
    since: Annotated[date | None, Query(ge=_FIRST, description="By default 29 days before the last day")] = None,
    until: Annotated[date | None, Query(ge=_FIRST, description="The last day; by default yesterday")] = None,
) -> DaysOut:
    """The market by day, computed from the ledger: orders, deliveries, value and participants; no party is named."""
    return await days.show(runtime_of(request), since, until)


@router.get("/disclosures/{year}")
async def yearly_disclosure(work: SignedWork, year: _Year, seller: _Seller = None) -> DisclosureOut:
    """The yearly disclosure of an operator of public data: its products and charges, with the entries that it counts."""
    return await disclosure.disclose(work, year=year, seller=seller)


@router.get("/disclosures/{year}/table.csv", response_class=Response, responses={200: {"content": {_CSV: {}}}})
async def yearly_disclosure_as_csv(work: SignedWork, year: _Year, seller: _Seller = None) -> Response:
    """The yearly disclosure as a table in CSV."""
    disclosed = await disclosure.disclose(work, year=year, seller=seller)
    return Response(disclosure.table(disclosed), media_type=_CSV)


@router.get("/listings/{listing_id}/facts")
async def facts_of_listing(work: SignedWork, listing_id: UUID) -> FactsOut:
    """What the ledger shows about the data of a listing: when it was refreshed, whether it answers, what was corrected."""
    return await measured.measure(work, listing_id=listing_id)
