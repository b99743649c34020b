"""The routes of listings and offers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.catalog.schemas import Words
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.trading.listings import queries, service
from exchange.trading.listings.schemas import (
    GateOut,
    ListingDocument,
    ListingOut,
    ListingStep,
    NewListing,
    NewOffer,
    OfferOut,
)

router = APIRouter(prefix="/api/v1/market", tags=["market"], route_class=SignedRoute, responses=problems())


@router.get("/listings")
async def list_listings(
    work: SignedWork,
    q: Words = None,
    state: Annotated[str | None, Query(max_length=12, description="Only those in this state")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ListingOut]:
    """What is listed, with the offers that are made to you; and every listing of your organisation."""
    reading = service.reading_here(work)
    return await service.out(
        work, await queries.listings(work.session, reading, words=q, state=state, after=after, limit=limit)
    )


@router.post("/listings", status_code=201)
async def draft_listing(work: SignedWork, new: NewListing) -> ListingOut:
    """Draft a listing over a published dataset of your organisation. A draft may lack what the gate demands."""
    return (await service.out(work, [await service.draft(work, new)]))[0]


@router.get("/listings/{listing_id}")
async def show_listing(work: SignedWork, listing_id: UUID) -> ListingOut:
    """One listing."""
    return (await service.out(work, [await queries.listing(work.session, service.reading_here(work), listing_id)]))[0]


@router.put("/listings/{listing_id}/document")
async def redraft_listing(work: SignedWork, listing_id: UUID, document: ListingDocument) -> ListingOut:
    """State a draft, or a rejected listing, anew."""
    return (await service.out(work, [await service.redraft(work, listing_id=listing_id, document=document)]))[0]


@router.post("/listings/{listing_id}/checks")
async def check_listing(work: SignedWork, listing_id: UUID) -> GateOut:
    """Every condition of the market that the listing does not meet, each with its rule and what to do."""
    return GateOut.model_validate({"faults": await service.check(work, listing_id=listing_id)})


@router.post("/listings/{listing_id}/steps")
async def step_listing(work: SignedWork, listing_id: UUID, step: ListingStep) -> ListingOut:
    """Take a step: the seller submits, lists or delists; a market operator approves, rejects, suspends or resumes."""
    return (await service.out(work, [await service.take(work, listing_id=listing_id, step=step)]))[0]


@router.post("/listings/{listing_id}/offers", status_code=201)
async def open_offer(work: SignedWork, listing_id: UUID, new: NewOffer) -> OfferOut:
    """Open an offer of a listing of your organisation, public or made to organisations that you name."""
    offer = await service.open_offer(work, listing_id=listing_id, new=new)
    [listing] = await service.out(
        work, [await queries.listing(work.session, service.reading_here(work), offer.listing_id)]
    )
    return service.offer_out(offer, listing.document, is_insider=True)


@router.post("/offers/{offer_id}/closing")
async def close_offer(work: SignedWork, offer_id: UUID) -> OfferOut:
    """Close an offer to further orders. Its terms never change: open another one for other terms."""
    offer = await service.close_offer(work, offer_id=offer_id)
    [listing] = await service.out(
        work, [await queries.listing(work.session, service.reading_here(work), offer.listing_id)]
    )
    return service.offer_out(offer, listing.document, is_insider=True)
