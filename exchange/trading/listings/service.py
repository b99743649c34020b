"""The verbs of listings and offers: draft, check, the steps of the seller and the market operator, open and close offers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from exchange.calendar.counting import Matter
from exchange.catalog import queries as catalog
from exchange.catalog.view import Listed
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid, refusal_of
from exchange.kernel.work import Work
from exchange.messages.service import notify
from exchange.participants.reading import Reading, reading_of
from exchange.trading.errors import GateClosed
from exchange.trading.listings import queries
from exchange.trading.listings.facts import facts_of, faults_in_offer, published
from exchange.trading.listings.gate import faults_in
from exchange.trading.listings.lifecycle import ANOTHER, BY_OPERATOR, GATE, LISTING, REMEDIES
from exchange.trading.listings.schemas import (
    ListingDocument,
    ListingOut,
    ListingStep,
    NewListing,
    NewOffer,
    OfferOut,
)
from exchange.trading.listings.wording import in_words
from exchange.trading.models import Listing, Offer
from exchange.trading.statements import state
from groundwork.lifecycle import Refused, Step
from ledger import entries
from ledger.format import canonical
from policies.roles.roles import EXCHANGE

KIND: Final = "market_listing"
OFFER: Final = "market_offer"
_SELLER: Final = "the seller"
_MOST_OFFERS: Final = 100
_MOST_BYTES: Final = 65_536
_CLOSED: Final = "Correct what `errors` lists."


def step_of(listing: Listing, verb: str, *, lacking: Collection[str] = ()) -> Step:
    """The step of a verb. Raises Conflict."""
    try:
        return LISTING.step(listing.state, verb, REMEDIES.keys() - set(lacking))
    except Refused as refused:
        raise refusal_of(refused, "A listing", REMEDIES) from refused


def reading_here(work: Work) -> Reading:
    """What the principal may read of the market. Who reads everything reads the drafts of its own organisation too."""
    reading, own = reading_of(work, "market"), work.principal.organisation
    is_seller = reading.everything and work.may("market", "sell", own)
    return replace(reading, owners=reading.owners | {own}) if is_seller else reading


async def draft(work: Work, new: NewListing) -> Listing:
    """Draft a listing over a dataset of the principal's organisation. Raises NotFound, Forbidden."""
    listed = await catalog.dataset(work.session, Reading(owners=frozenset({work.principal.organisation})), new.dataset)
    work.permit("market", "sell", listed.owner.id, side="the owner of the data")
    listing = Listing(
        id=new_id(),
        state=LISTING.start,
        dataset_id=listed.dataset.id,
        seller_id=listed.owner.id,
        document=_stated(new.document, at="body/document"),
        salt=new_salt(),
        searched=_searched(listed, new.document),
        statements=[],
        drafted_at=work.runtime.clock.now(),
    )
    work.session.add(listing)
    _record(work, listing, "market_listing.drafted")
    return listing


async def redraft(work: Work, *, listing_id: UUID, document: ListingDocument) -> Listing:
    """State a draft, or a rejected listing, anew. Raises NotFound, Forbidden, Conflict."""
    listing = await _own(work, listing_id)
    step = step_of(listing, "redraft")
    listed = await catalog.any_dataset(work.session, str(listing.dataset_id))
    listing.document = _stated(document, at="body")
    listing.searched = _searched(listed, document)
    listing.state = step.target
    _record(work, listing, step.entry)
    return listing


async def check(work: Work, *, listing_id: UUID) -> Sequence[Mapping[str, Any]]:
    """The conditions that a listing does not meet now. Raises NotFound, Forbidden."""
    listing = await queries.listing(work.session, reading_here(work), listing_id)
    if not work.may("market", "review", EXCHANGE):
        work.permit("market", "sell", listing.seller_id, side=_SELLER)
    return await faults_of(work, listing)


async def faults_of(work: Work, listing: Listing) -> Sequence[Mapping[str, Any]]:
    """The conditions of the gate that a listing with its open offers does not meet."""
    rows = await queries.open_offers(work.session, listing.id)
    return faults_in(await facts_of(work, listing, [offer_of(row) for row in rows]), is_insider=True)


async def take(work: Work, *, listing_id: UUID, step: ListingStep) -> Listing:
    """Take a step of a listing. Raises NotFound, Forbidden, Conflict, GateClosed."""
    if step.verb in BY_OPERATOR:
        listing = await queries.listing(work.session, reading_here(work), listing_id, lock=True)
        work.permit("market", "review", EXCHANGE)
    else:
        listing = await _own(work, listing_id)
    lacking = {ANOTHER} if listing.seller_id == work.principal.organisation else set[str]()
    taken = step_of(listing, step.verb, lacking=lacking & {ANOTHER} if step.verb in BY_OPERATOR else ())
    if GATE in taken.needs and (faults := await faults_of(work, listing)):
        raise GateClosed(_CLOSED, errors=list(faults))
    listing.state = taken.target
    if taken.verb == "list":
        listing.listed_at = work.runtime.clock.now()
    _record(work, listing, taken.entry, statement=state(work, listing, taken.entry, step.statement))
    if listing.seller_id != work.principal.organisation:
        await notify(
            work.session,
            organisation=listing.seller_id,
            kind=taken.entry,
            about=Matter(KIND, listing.id),
            key=f"{taken.entry}/{listing.id}/{work.now}",
            now=work.runtime.clock.now(),
        )
    return listing


async def open_offer(work: Work, *, listing_id: UUID, new: NewOffer) -> Offer:
    """Open an offer of a listing; it takes orders while the listing is listed. Raises NotFound, Forbidden, Conflict,
    RequestInvalid.
    """
    listing = await _own(work, listing_id)
    if listing.state == "delisted":
        raise Conflict("A listing that is delisted has no further offers; draft another listing.", state=listing.state)
    if await queries.count_offers(work.session, listing.id) >= _MOST_OFFERS:
        raise Conflict(f"A listing has at most {_MOST_OFFERS} offers, closed ones included; draft another listing.")
    listed = await catalog.any_dataset(work.session, str(listing.dataset_id))
    document = published(listed)
    if document is None:
        raise Conflict("The dataset is not published; publish it before you offer it.", state=listed.dataset.state)
    if faults := faults_in_offer(new, document, seller_kind=listed.owner.kind):
        raise RequestInvalid("Offer what the dataset's terms offer.", errors=faults)
    offer = Offer(
        id=new_id(),
        listing_id=listing.id,
        document=new.model_dump(mode="json"),
        salt=new_salt(),
        buyers=sorted({str(buyer) for buyer in new.buyers}),
        places=new.places,
        taken=0,
        opened_at=work.runtime.clock.now(),
    )
    work.session.add(offer)
    _record_offer(work, listing, offer, "market_offer.opened")
    return offer


async def close_offer(work: Work, *, offer_id: UUID) -> Offer:
    """Close an offer to further orders; those that were placed go on. Raises NotFound, Forbidden, Conflict."""
    listing_id = (await queries.any_offer(work.session, offer_id)).listing_id
    listing = await _own(work, listing_id)
    offer = await queries.any_offer(work.session, offer_id, lock=True)
    if offer.closed_at is not None:
        raise Conflict("The offer is closed already.", state="closed")
    offer.closed_at = work.runtime.clock.now()
    _record_offer(work, listing, offer, "market_offer.closed")
    return offer


async def out(work: Work, rows: Sequence[Listing]) -> list[ListingOut]:
    """Listings with their offers, as the principal sees them."""
    reading = reading_here(work)
    offers = await queries.offers(
        work.session, reading, [row.id for row in rows], organisation=work.principal.organisation
    )
    answers = []
    for row in rows:
        is_insider = reading.everything or row.seller_id in reading.owners
        document = ListingDocument.model_validate(row.document)
        answers.append(
            ListingOut(
                id=row.id,
                dataset=row.dataset_id,
                seller=row.seller_id,
                state=row.state,
                verbs=list(LISTING.verbs(row.state)),
                document=document,
                offers=[offer_out(offer, document, is_insider=is_insider) for offer in offers.get(row.id, ())],
                salt=row.salt if is_insider else None,
                statements=row.statements if is_insider else [],
                drafted_at=row.drafted_at,
                listed_at=row.listed_at,
            )
        )
    return answers


def offer_of(row: Offer) -> NewOffer:
    """The offer as it was opened."""
    return NewOffer.model_validate(row.document)


def offer_out(row: Offer, listing: ListingDocument, *, is_insider: bool) -> OfferOut:
    """An offer; its buyers are shown to insiders only."""
    return OfferOut(
        id=row.id,
        listing=row.listing_id,
        document={name: value for name, value in row.document.items() if name != "buyers"},
        terms=in_words(offer_of(row), listing),
        is_private=bool(row.buyers),
        buyers=[UUID(buyer) for buyer in row.buyers] if is_insider else [],
        places=row.places,
        left=None if row.places is None else row.places - row.taken,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


async def _own(work: Work, listing_id: UUID) -> Listing:
    """A listing of the principal's organisation, locked. Raises NotFound, Forbidden."""
    reading = Reading(owners=frozenset({work.principal.organisation}))
    listing = await queries.listing(work.session, reading, listing_id, lock=True)
    work.permit("market", "sell", listing.seller_id, side=_SELLER)
    return listing


def _stated(document: ListingDocument, *, at: str) -> dict[str, Any]:
    """What is stated, as JSON that a digest can be made of. Raises RequestInvalid."""
    stated = document.model_dump(mode="json")
    try:
        size = len(canonical.dumps(stated))
    except canonical.NotCanonical as error:
        errors = [{"at": f"{at}{error.pointer}", "error": error.reason}]
        raise RequestInvalid("State values that a digest can be made of.", errors=errors) from error
    if size > _MOST_BYTES:
        errors = [{"at": at, "error": f"it has {size} bytes as JSON; the most is {_MOST_BYTES}"}]
        raise RequestInvalid("State the data shortly; shorten the sample first.", errors=errors)
    return stated


def _searched(listed: Listed, document: ListingDocument) -> str:
    """The text in which words are looked for: what the listing, its dataset and its seller are called."""
    words = [listed.dataset.handle, listed.owner.handle, listed.owner.name_zh, listed.owner.name_en, *document.keywords]
    for text in (document.title, document.summary):
        words += [text.zh, text.en] if text is not None else []
    if (dataset := published(listed)) is not None:
        words += [dataset.title.zh, dataset.title.en, *dataset.keywords]
        words += [text for field in dataset.fields for text in (field.name, field.title.zh, field.title.en)]
    return " ".join(words).lower()


def _record(work: Work, listing: Listing, type_: str, *, statement: str | None = None) -> None:
    work.entry(
        entries.ListingChanged,
        about=(KIND, listing.id),
        type=type_,
        seller=str(listing.seller_id),
        dataset=str(listing.dataset_id),
        document=commitment(listing.document, salt=listing.salt),
        statement=statement,
    )


def _record_offer(work: Work, listing: Listing, offer: Offer, type_: str) -> None:
    work.entry(
        entries.OfferChanged,
        about=(OFFER, offer.id),
        type=type_,
        seller=str(listing.seller_id),
        dataset=str(listing.dataset_id),
        listing=str(listing.id),
        document=commitment(offer.document, salt=offer.salt),
    )
