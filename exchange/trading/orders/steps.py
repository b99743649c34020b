"""One step of an order: its state, its entry, and who is told."""

from collections.abc import Collection
from typing import Any, Final, Literal
from uuid import UUID

from exchange.calendar.counting import Matter
from exchange.kernel.problems import Forbidden, refusal_of
from exchange.kernel.work import Work
from exchange.messages.service import notify
from exchange.trading.models import Order
from exchange.trading.orders.lifecycle import ORDER, REMEDIES
from exchange.trading.statements import state
from groundwork.lifecycle import Refused, Step
from ledger import entries

KIND: Final = "order"
Side = Literal["seller", "buyer"]


def step_of(at: str, verb: str, *, lacking: Collection[str] = ()) -> Step:
    """The step of a verb from a state. Raises Conflict."""
    try:
        return ORDER.step(at, verb, REMEDIES.keys() - set(lacking))
    except Refused as refused:
        raise refusal_of(refused, "An order", REMEDIES) from refused


def side_of(work: Work, order: Order) -> Side:
    """The side of the principal's organisation. Raises Forbidden where it is none."""
    sides: dict[UUID, Side] = {order.seller_id: "seller", order.buyer_id: "buyer"}
    side = sides.get(work.principal.organisation)
    if side is None:
        raise Forbidden("The two sides of an order take its steps; your organisation is none of them.")
    return side


async def move(
    work: Work, order: Order, step: Step, *, statement: str = "", side: Side | None = None, **amounts: int
) -> None:
    """Take a step of an order that is locked: its state, what is stated, its entry, and the other side is told."""
    order.state = step.target
    stated = state(work, order, step.entry, statement, **amounts) if statement else None
    work.entry(entries.OrderChanged, **entry_of(order, step.entry), side=side, statement=stated)
    for organisation in {order.seller_id, order.buyer_id} - {work.principal.organisation}:
        await notify(
            work.session,
            organisation=organisation,
            kind=step.entry,
            about=Matter(KIND, order.id),
            key=f"{step.entry}/{order.id}/{work.now}",
            now=work.runtime.clock.now(),
        )


def entry_of(order: Order, type_: str) -> dict[str, Any]:
    """What every entry of an order states."""
    return {
        "about": (KIND, order.id),
        "type": type_,
        "seller": str(order.seller_id),
        "consumer": str(order.buyer_id),
        "dataset": str(order.dataset_id),
        "offer": str(order.offer_id),
        "contract": order.contract_digest,
        "agreement": None if order.agreement_id is None else str(order.agreement_id),
    }
