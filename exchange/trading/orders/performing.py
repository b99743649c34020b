"""The steps of both sides beside the signatures: payments, delivery, acceptance, disputes, and the ways out.

What is in dispute is frozen and nothing else: the agreement goes on, and the rest stays due.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.agreements.lifecycle import RUNNING
from exchange.agreements.service import change_by_owner
from exchange.applications.errors import NotShared, OutsideTerms
from exchange.kernel.problems import Conflict, RequestInvalid
from exchange.kernel.work import Work
from exchange.trading.listings import queries as listings
from exchange.trading.models import Order
from exchange.trading.orders import placing, queries
from exchange.trading.orders.lifecycle import ANOTHER, IN_TIME, PAID, RETRIEVABLE
from exchange.trading.orders.schemas import OrderStep
from exchange.trading.orders.steps import move, side_of, step_of
from policies.roles.roles import EXCHANGE

_MOST_STATEMENTS: Final = 200
Take = Callable[[Work, Order, OrderStep], Awaitable[None]]


async def take(work: Work, *, order_id: UUID, step: OrderStep) -> Order:
    """Take a step of an order. Raises NotFound, Forbidden, Conflict, RequestInvalid."""
    order = await queries.own(work, order_id)
    await _TAKES[step.verb](work, order, step)
    return order


def due(order: Order) -> int:
    """What is still to be paid of the fixed amount; negative where too much is paid."""
    return order.amount - order.reduced - order.frozen - (order.paid - order.refunded)


def _sells(work: Work, order: Order) -> None:
    work.permit("market", "sell", order.seller_id, side="the seller")


def _buys(work: Work, order: Order) -> None:
    work.permit("market", "buy", order.buyer_id, side="the buyer")


def _acts(work: Work, order: Order) -> None:
    """Demand that the principal acts for its side. Raises Forbidden."""
    _sells(work, order) if side_of(work, order) == "seller" else _buys(work, order)


def _amount(step: OrderStep, *, most: int, least: int = 0) -> int:
    """The amount that a step states, in these bounds; without one all of it. Raises RequestInvalid."""
    amount = most if step.amount is None else step.amount
    if not least <= amount <= most:
        bounds = f"from {least} to {most}" if least <= most else "there is nothing to pay or repay"
        error = {"at": "body/amount", "error": bounds}
        raise RequestInvalid("State an amount that the order allows.", errors=[error])
    return amount


def _check_statements(order: Order) -> None:
    """Keep payments from growing an order without end. Raises Conflict."""
    if len(order.statements) >= _MOST_STATEMENTS:
        raise Conflict(
            f"An order has at most {_MOST_STATEMENTS} statements before its last payment; state the sum at once."
        )


async def _draft(work: Work, order: Order, step: OrderStep) -> None:
    await placing.draft(work, order, step.statement)


async def _pay(work: Work, order: Order, step: OrderStep) -> None:
    """State a payment that the seller received. The last one of a prepaid order begins the delivery.

    A payment is recorded even where the delivery cannot begin, since what is paid can be repaid then. Stated again, with
    nothing due, the delivery begins or is refused with the reason.
    """
    _sells(work, order)
    taken = step_of(order.state, "pay")
    if order.state == "awaiting_payment" and due(order) == 0 and step.amount is None:
        await placing.begin(work, order)
        return
    _check_statements(order)
    amount = _amount(step, most=due(order), least=1)
    order.paid += amount
    await move(work, order, taken, statement=step.statement, amount=amount)
    if order.state == "awaiting_payment" and due(order) == 0:
        await _begin_if_possible(work, order)


async def _begin_if_possible(work: Work, order: Order) -> None:
    """Begin the delivery of a paid order, unless the terms no longer allow it."""
    recorded, afterwards = len(work.recorded), len(work.afterwards)
    try:
        async with work.session.begin_nested():
            await placing.begin(work, order)
    except (Conflict, NotShared, OutsideTerms, RequestInvalid):
        del work.recorded[recorded:], work.afterwards[afterwards:]
        await work.session.refresh(order)


async def _repay(work: Work, order: Order, step: OrderStep) -> None:
    _sells(work, order)
    taken = step_of(order.state, "repay")
    _check_statements(order)
    amount = _amount(step, most=order.paid - order.refunded, least=1)
    order.refunded += amount
    await move(work, order, taken, statement=step.statement, amount=amount)


async def _deliver(work: Work, order: Order, step: OrderStep) -> None:
    """State, as the seller, that the data can be retrieved: the time to inspect begins. Also how an objection is cured."""
    _sells(work, order)
    taken = step_of(order.state, step.verb, lacking=await _lacks_agreement(work, order))
    now = work.runtime.clock.now()
    days = (order.contract or {})["acceptance"]["inspection_days"]
    order.delivered_at, order.inspect_by, order.frozen = now, now + timedelta(days=days), 0
    await move(work, order, taken, statement=step.statement)


async def _accept(work: Work, order: Order, step: OrderStep) -> None:
    _buys(work, order)
    order.frozen = 0
    await move(work, order, step_of(order.state, "accept"), statement=step.statement)


async def _object(work: Work, order: Order, step: OrderStep) -> None:
    """Object within the time to inspect; what is in dispute is frozen."""
    _buys(work, order)
    is_late = order.inspect_by is None or work.runtime.clock.now() >= order.inspect_by
    taken = step_of(order.state, "object", lacking={IN_TIME} if is_late else ())
    order.frozen = _amount(step, most=order.amount - order.reduced)
    await move(work, order, taken, statement=step.statement, amount=order.frozen)


async def _resolve(work: Work, order: Order, step: OrderStep) -> None:
    """Record, as a market operator, how the dispute ends: `amount` is no longer due, and the rest of it is due again."""
    work.permit("market", "mediate", EXCHANGE)
    is_own = work.principal.organisation in (order.seller_id, order.buyer_id)
    taken = step_of(order.state, "resolve", lacking={ANOTHER} if is_own else ())
    amount = 0 if step.amount is None else _amount(step, most=order.frozen)
    order.reduced, order.frozen = order.reduced + amount, 0
    await move(work, order, taken, statement=step.statement, amount=amount)


async def _refund(work: Work, order: Order, step: OrderStep) -> None:
    """Give up what is in dispute, as the seller, repay what is paid beyond the rest, and end the agreement."""
    _sells(work, order)
    taken = step_of(order.state, "refund")
    order.reduced, order.frozen = order.reduced + order.frozen, 0
    amount = max(-due(order), 0)
    order.refunded += amount
    await move(work, order, taken, statement=step.statement, amount=amount)
    await _end_agreement(work, order, step.statement)


async def _settle(work: Work, order: Order, step: OrderStep) -> None:
    _sells(work, order)
    taken = step_of(order.state, "settle", lacking={PAID} if due(order) or order.frozen else ())
    await move(work, order, taken, statement=step.statement)


async def _cancel(work: Work, order: Order, step: OrderStep) -> None:
    """Cancel an order that binds nobody yet; its place becomes free."""
    _acts(work, order)
    taken = step_of(order.state, "cancel")
    await move(work, order, taken, statement=step.statement, side=side_of(work, order))
    await work.session.flush()
    await listings.free_place(work.session, order.offer_id)


async def _terminate(work: Work, order: Order, step: OrderStep) -> None:
    """Terminate a contract: its agreement ends in the same transaction, so that nothing is delivered afterwards."""
    _acts(work, order)
    taken = step_of(order.state, "terminate")
    await move(work, order, taken, statement=step.statement, side=side_of(work, order))
    await _end_agreement(work, order, step.statement)


async def _by_either(work: Work, order: Order, step: OrderStep) -> None:
    _acts(work, order)
    await move(work, order, step_of(order.state, step.verb), statement=step.statement, side=side_of(work, order))


async def _by_buyer(work: Work, order: Order, step: OrderStep) -> None:
    _buys(work, order)
    await move(work, order, step_of(order.state, step.verb), statement=step.statement)


async def _lacks_agreement(work: Work, order: Order) -> set[str]:
    """The fact that lacks where the agreement of an order is not active."""
    if order.agreement_id is None:
        return {RETRIEVABLE}
    views = await agreements.by_ids(work.session, [order.agreement_id])
    return set() if views[str(order.agreement_id)].state == "active" else {RETRIEVABLE}


async def _end_agreement(work: Work, order: Order, reason: str) -> None:
    """End the agreement of an order, unless it has ended. Raises Refused."""
    if order.agreement_id is None:
        return
    agreement = await agreements.lock_any(work.session, order.agreement_id)
    if agreement.state in RUNNING:
        await change_by_owner(work, agreement, verb="terminate", reason=reason)


_TAKES: Final[Mapping[str, Take]] = MappingProxyType(
    {
        "draft": _draft,
        "pay": _pay,
        "repay": _repay,
        "deliver": _deliver,
        "cure": _deliver,
        "accept": _accept,
        "object": _object,
        "dispute": _by_either,
        "resolve": _resolve,
        "refund": _refund,
        "settle": _settle,
        "close": _by_buyer,
        "cancel": _cancel,
        "terminate": _terminate,
    }
)
