"""Trading: what is offered, what is ordered under which contract, and how an order goes on."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex


class ListingChanged(Body):
    """A step of a listing: what a seller offers passes the gate and a market operator's review before anybody orders it."""

    type: Literal[
        "market_listing.drafted",
        "market_listing.redrafted",
        "market_listing.submitted",
        "market_listing.approved",
        "market_listing.rejected",
        "market_listing.listed",
        "market_listing.suspended",
        "market_listing.resumed",
        "market_listing.delisted",
    ]
    affects_decisions: ClassVar[bool] = False
    seller: str
    dataset: str
    document: Annotated[Hex, Field(description="salted digest of what is stated about the data")]
    statement: Annotated[Hex | None, Field(description="salted digest of the reason")] = None


class OfferChanged(Body):
    """An offer of a listing was opened, or closed to further orders. Its terms never change."""

    type: Literal["market_offer.opened", "market_offer.closed"]
    affects_decisions: ClassVar[bool] = False
    seller: str
    dataset: str
    listing: str
    document: Annotated[Hex, Field(description="salted digest of the offer: its price, term, places and named buyers")]


class OrderChanged(Body):
    """A step of an order. The signed request of a signature has the contract's digest in its body, which the entry repeats."""

    type: Literal[
        "order.placed",
        "order.contract_drafted",
        "order.signed_by_one",
        "order.signed",
        "order.payment_awaited",
        "order.begun",
        "order.paid",
        "order.delivered",
        "order.accepted",
        "order.deemed_accepted",
        "order.objected",
        "order.cured",
        "order.disputed",
        "order.resolved",
        "order.refunded",
        "order.repaid",
        "order.settled",
        "order.closed",
        "order.cancelled",
        "order.lapsed",
        "order.terminated",
    ]
    affects_decisions: ClassVar[bool] = False
    seller: str
    consumer: Annotated[str, Field(description="the buyer")]
    dataset: str
    offer: str
    side: Annotated[Literal["seller", "buyer"] | None, Field(description="who signs, cancels or terminates")] = None
    contract: Annotated[
        Hex | None, Field(description="SHA-256 of the contract as canonical JSON, once there is one")
    ] = None
    agreement: Annotated[str | None, Field(description="the agreement that the order began or ended")] = None
    statement: Annotated[
        Hex | None, Field(description="salted digest of what was stated, with the amounts that it changes")
    ] = None
