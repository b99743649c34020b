"""An order ends with its agreement, however that was terminated: no contract goes on under which nothing is delivered."""

from uuid import UUID

from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.trading.orders import queries
from exchange.trading.orders.lifecycle import BOUND
from exchange.trading.orders.steps import Side, move, step_of


async def end_with_agreement(work: Work, agreement: UUID, reason: str) -> None:
    """Terminate the order of an agreement that was just terminated, unless the order ends by itself. Raises Conflict.

    Steps of orders lock the order before its agreement, so this waits for no lock of an order.
    """
    await work.session.flush()
    order = await queries.of_agreement(work.session, agreement)
    if order is None:
        raise Conflict("The order of the agreement is changed at this moment; send the request again.")
    if order.state not in BOUND:
        return
    sides: dict[UUID, Side] = {order.seller_id: "seller", order.buyer_id: "buyer"}
    step = step_of(order.state, "terminate")
    await move(work, order, step, statement=reason, side=sides.get(work.principal.organisation))
