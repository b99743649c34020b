"""The way to a contract that binds: place, draft, sign, countersign, and the agreement that follows."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from exchange.applications.bounds import faults_in_request
from exchange.applications.errors import OutsideTerms
from exchange.applications.ordering import BETWEEN_DEPARTMENTS, Ordered, grant
from exchange.catalog import queries as catalog
from exchange.kernel.commitments import new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.trading.contracts.signing import proof_of
from exchange.trading.contracts.template import Filling, digest_of, document_of
from exchange.trading.errors import ContractDiffers, GateClosed, PlacesTaken
from exchange.trading.listings import queries as listings
from exchange.trading.listings.facts import facts_of, published
from exchange.trading.listings.gate import faults_in
from exchange.trading.listings.prices import billed_by, opening_amount, price_of
from exchange.trading.listings.schemas import ListingDocument, NewOffer
from exchange.trading.listings.service import offer_of
from exchange.trading.models import Listing, Order
from exchange.trading.orders import queries
from exchange.trading.orders.lifecycle import IN_SIGNING, OPEN, ORDER, OTHER_SIDE, UNSUSPENDED
from exchange.trading.orders.schemas import NewOrder
from exchange.trading.orders.steps import move, side_of, step_of

SIGN_DAYS: Final = 30
_MOST_UNSIGNED: Final = 100
_GATE: Final = "The listing does not meet the conditions of the market now: `errors` names them."


async def place(work: Work, new: NewOrder) -> Order:
    """Order an offer for the principal's organisation, which takes a place of it. Sent again, it is the same order.

    Raises NotFound, Forbidden, Conflict, GateClosed, OutsideTerms, PlacesTaken.
    """
    buyer = work.principal.organisation
    work.permit("market", "buy", buyer)
    offer = await listings.offer_for(work.session, buyer, new.offer)
    listing = await listings.share_listing(work.session, offer.listing_id)
    if (order := await queries.by_reference(work.session, buyer, new.reference)) is not None:
        return _same(order, new)
    offered = offer_of(offer)
    is_open = listing.state == "listed" and offer.closed_at is None
    step = step_of(ORDER.start, "place", lacking=() if is_open else {OPEN})
    await _check_order(work, listing, offered, new, buyer)
    now = work.runtime.clock.now()
    values = {
        "id": new_id(),
        "state": step.target,
        "offer_id": offer.id,
        "listing_id": listing.id,
        "dataset_id": listing.dataset_id,
        "seller_id": listing.seller_id,
        "buyer_id": buyer,
        "reference": new.reference,
        "wanted": _wanted(new),
        "salt": new_salt(),
        "is_trial": offered.trial_days is not None,
        "contract": None,
        "signatures": [],
        "amount": 0 if offered.trial_days is not None else opening_amount(price_of(offered.price)),
        "statements": [],
        "placed_at": now,
        "sign_by": now + timedelta(days=SIGN_DAYS),
    }
    is_new = await queries.insert_order(work.session, values)
    placed = await queries.by_reference(work.session, buyer, new.reference)
    if placed is None:
        raise Conflict("The order was changed at the same time; send it again.")
    if not is_new:
        return _same(placed, new)
    if not await listings.take_place(work.session, offer.id):
        raise PlacesTaken("Every place is taken, or the offer was closed just now; look for another offer.")
    await _check_unsigned(work, offered, placed)
    await move(work, placed, step)
    return placed


async def draft(work: Work, order: Order, statement: str) -> None:
    """Draft the contract of an order from its offer, as the seller. Raises Conflict, GateClosed."""
    work.permit("market", "sell", order.seller_id, side="the seller")
    listing = await listings.share_listing(work.session, order.listing_id)
    step = step_of(order.state, "draft", lacking=_lacking(work, order, listing))
    offer = await listings.any_offer(work.session, order.offer_id)
    offered, stated = offer_of(offer), ListingDocument.model_validate(listing.document)
    await _check_gate(work, listing, offered, order.buyer_id, order.wanted["purpose"])
    described = published(await catalog.any_dataset(work.session, str(order.dataset_id)))
    if described is None or stated.contract is None:  # the gate has refused both
        raise GateClosed(_GATE, errors=[])
    order.contract = document_of(
        Filling(
            order=order.id,
            listing=listing.id,
            offer=offer.id,
            dataset=order.dataset_id,
            seller=await participants.organisation(work.session, order.seller_id),
            buyer=await participants.organisation(work.session, order.buyer_id),
            described=described,
            stated=stated,
            terms=stated.contract,
            offered=offered,
            wanted=order.wanted,
            nonce=new_salt(),
            at=work.runtime.clock.now(),
        )
    )
    order.contract_digest = digest_of(order.contract)
    await move(work, order, step, statement=statement)


async def sign(work: Work, *, order_id: UUID, digest: str, body: bytes) -> Order:
    """Sign the contract's digest as one side. The second signature binds: deliveries begin, or the payment is awaited.

    `body` is the request's, as it was signed: with it, each side can show the other's signature to anybody.

    Raises NotFound, Forbidden, Conflict, ContractDiffers, GateClosed, OutsideTerms.
    """
    order = await queries.own(work, order_id)
    side = side_of(work, order)
    work.permit("market", "sign", work.principal.organisation, side=f"the {side}")
    is_first = not order.signatures
    has_signed = any(signature["side"] == side for signature in order.signatures)
    listing = await listings.share_listing(work.session, order.listing_id)
    step = step_of(
        order.state,
        "sign" if is_first else "countersign",
        lacking=({OTHER_SIDE} if has_signed else set()) | _lacking(work, order, listing),
    )
    if order.contract is None or digest != order.contract_digest:
        raise ContractDiffers("Read GET /api/v1/market/orders/{id}/contract again, and sign its `digest`.")
    if not is_first:
        offered = offer_of(await listings.any_offer(work.session, order.offer_id))
        await _check_gate(work, listing, offered, order.buyer_id, order.wanted["purpose"])
    order.signatures = [
        *order.signatures,
        {
            "side": side,
            "organisation": str(work.principal.organisation),
            "principal": str(work.principal.id),
            "time": work.now,
            **await proof_of(work, body, digest),
        },
    ]
    await move(work, order, step, side=side)
    if is_first:
        return order
    if order.amount and order.contract["payment"]["when"] == "prepaid":
        await move(work, order, step_of(order.state, "await"))
    else:
        await begin(work, order)
    return order


async def begin(work: Work, order: Order) -> None:
    """Conclude the agreement of a signed order, in the act that begins its delivery. Raises Conflict, OutsideTerms."""
    step = step_of(order.state, "begin")
    contract = order.contract or {}
    use, data, payment = contract["rights"]["use"], contract["data"], contract["payment"]
    now, trial = work.runtime.clock.now(), payment["trial_days"]
    agreement = await grant(
        work,
        Ordered(
            dataset=order.dataset_id,
            consumer=order.buyer_id,
            purpose=use["purpose"],
            fields=tuple(data["fields"]),
            answers=tuple(data["answers"]),
            basis=use["basis"],
            scenario=use["scenario"],
            scope=use["scope"],
            row_cap=contract["delivery"]["row_cap"],
            not_after=now + timedelta(days=use["days"]),
            contract=order.contract_digest or "",
            billing=billed_by(payment["price"], None if trial is None else now + timedelta(days=trial)),
        ),
    )
    await work.session.flush()
    order.agreement_id = agreement.id
    await move(work, order, step)


def _lacking(work: Work, order: Order, listing: Listing) -> set[str]:
    """The facts that lack where the time to sign is over, or the listing is suspended."""
    late = {IN_SIGNING} if work.runtime.clock.now() >= order.sign_by else set()
    return late | ({UNSUSPENDED} if listing.state == "suspended" else set())


def _same(order: Order, new: NewOrder) -> Order:
    """The order that was placed under the reference. Raises Conflict where it is another one."""
    if order.offer_id != new.offer or order.wanted != _wanted(new):
        raise Conflict("Your organisation has another order under this reference; choose another one.")
    return order


def _wanted(new: NewOrder) -> dict[str, str]:
    """What the buyer states: purpose, basis, scenario and scope."""
    return {"purpose": new.purpose, "basis": new.basis, "scenario": new.scenario, "scope": new.scope}


async def _check_unsigned(work: Work, offered: NewOffer, order: Order) -> None:
    """Keep a buyer from holding the places of an offer by orders that it does not sign. Raises Conflict.

    The offer is locked by the place that was taken, so that orders at once are counted one after the other.
    """
    most = _MOST_UNSIGNED if offered.places is None else offered.unsigned
    waiting = await queries.unbound(work.session, offer=order.offer_id, buyer=order.buyer_id, limit=most + 1)
    if len(waiting) > most:
        raise Conflict(
            f"Not both sides have signed {most} of your organisation's orders of this offer; sign or cancel these first.",
            orders=[str(each) for each in waiting if each != order.id],
        )


async def _check_order(work: Work, listing: Listing, offered: NewOffer, new: NewOrder, buyer: UUID) -> None:
    """Check an order against offer, gate and terms, so that no contract is drafted that could not begin."""
    if listing.seller_id == buyer:
        raise Conflict("The offer is your organisation's own.")
    if new.purpose not in offered.purposes:
        error = {"at": "body/purpose", "error": f"the offer allows: {', '.join(offered.purposes)}"}
        raise RequestInvalid("Order for a purpose that the offer allows.", errors=[error])
    await _check_gate(work, listing, offered, buyer, new.purpose)
    listed = await catalog.any_dataset(work.session, str(listing.dataset_id))
    consumer = await participants.organisation(work.session, buyer)
    if listed.owner.kind == consumer.kind == "department":
        raise Conflict(BETWEEN_DEPARTMENTS)
    document, now = published(listed), work.runtime.clock.now()
    if document is None:  # the gate has refused it
        raise GateClosed(_GATE, errors=[])
    faults = faults_in_request(
        document,
        consumer=consumer,
        purpose=new.purpose,
        fields=offered.fields,
        answers=offered.answers,
        row_filter=None,
        not_after=now + timedelta(days=offered.days),
        now=now,
    )
    if faults:
        raise OutsideTerms("The dataset's terms do not allow the offer for your organisation.", errors=faults)


async def _check_gate(work: Work, listing: Listing, offered: NewOffer, buyer: UUID, purpose: str) -> None:
    """Check the conditions of the market for one buyer and one offer. Raises GateClosed."""
    facts = await facts_of(work, listing, [offered], buyer=buyer, purpose=purpose)
    if faults := faults_in(facts, is_insider=False):
        raise GateClosed(_GATE, errors=list(faults))
