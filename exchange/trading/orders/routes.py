"""The routes of orders and contracts."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from exchange.kernel.problems import Conflict
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import demand_reading
from exchange.trading.contracts.template import text_of
from exchange.trading.models import Order
from exchange.trading.orders import performing, placing, queries
from exchange.trading.orders.lifecycle import ORDER
from exchange.trading.orders.schemas import ContractOut, ContractSignature, NewOrder, OrderOut, OrderStep

router = APIRouter(prefix="/api/v1/market/orders", tags=["market"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_orders(
    work: SignedWork,
    state: Annotated[str | None, Query(max_length=20, description="Only those in this state")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[OrderOut]:
    """The orders of which your organisation is a side."""
    reading = demand_reading(work, "market")
    return _out(await queries.orders(work.session, reading, state=state, after=after, limit=limit))


@router.post("", status_code=201)
async def place_order(work: SignedWork, new: NewOrder) -> OrderOut:
    """Order an offer, which takes a place of it. An order that is sent again with its `reference` is the same order."""
    return _out([await placing.place(work, new)])[0]


@router.get("/{order_id}")
async def show_order(work: SignedWork, order_id: UUID) -> OrderOut:
    """One order."""
    return _out([await queries.order(work.session, demand_reading(work, "market"), order_id)])[0]


@router.get("/{order_id}/contract")
async def show_contract(work: SignedWork, order_id: UUID) -> ContractOut:
    """The contract of an order: the document, its digest, its text, and who has signed it."""
    order = await queries.order(work.session, demand_reading(work, "market"), order_id)
    if order.contract is None or order.contract_digest is None:
        raise Conflict("The seller has not drafted the contract yet.", state=order.state)
    return ContractOut(
        document=order.contract,
        digest=order.contract_digest,
        text=text_of(order.contract),
        signatures=order.signatures,
    )


@router.post("/{order_id}/signature")
async def sign_contract(work: SignedWork, order_id: UUID, signature: ContractSignature, request: Request) -> OrderOut:
    """Sign the contract as your side. The second signature makes the order an agreement, or waits for the payment first."""
    body = await request.body()
    return _out([await placing.sign(work, order_id=order_id, digest=signature.digest, body=body)])[0]


@router.post("/{order_id}/steps")
async def step_order(work: SignedWork, order_id: UUID, step: OrderStep) -> OrderOut:
    """Take a step of an order; `verbs` names those of its state, and docs/trade.md who takes which."""
    return _out([await performing.take(work, order_id=order_id, step=step)])[0]


def _out(rows: Sequence[Order]) -> list[OrderOut]:
    """Orders as both sides see them."""
    return [
        OrderOut(
            id=row.id,
            state=row.state,
            verbs=list(ORDER.verbs(row.state)),
            offer=row.offer_id,
            listing=row.listing_id,
            dataset=row.dataset_id,
            seller=row.seller_id,
            buyer=row.buyer_id,
            reference=row.reference,
            wanted=row.wanted,
            contract=row.contract_digest,
            signed_by=[signature["side"] for signature in row.signatures],
            agreement=row.agreement_id,
            amount=row.amount,
            paid=row.paid,
            frozen=row.frozen,
            reduced=row.reduced,
            refunded=row.refunded,
            due=performing.due(row),
            statements=row.statements,
            salt=row.salt,
            placed_at=row.placed_at,
            sign_by=row.sign_by,
            delivered_at=row.delivered_at,
            inspect_by=row.inspect_by,
        )
        for row in rows
    ]
