"""What time alone does to orders: those that stay unsigned lapse, and acceptance is deemed where the contract says so."""

from contextlib import suppress
from datetime import datetime
from typing import Final

from exchange.agreements.dependents import AgreementDependents
from exchange.calendar.counting import Matter
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession, Connection, driver
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime
from exchange.messages.service import notify
from exchange.trading.figures.days import Days
from exchange.trading.listings import queries as listings
from exchange.trading.orders import queries
from exchange.trading.orders.ending import end_with_agreement
from exchange.trading.orders.lifecycle import ORDER, REMEDIES
from exchange.trading.orders.steps import KIND, entry_of
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted

ORDERS: Final = "market-orders"
_SECONDS: Final = 60.0
_AT_ONCE: Final = 100


def open_parts(runtime: Runtime) -> None:
    """Register the loop that ends what time ends, the days that were computed, and the end of orders with their agreement."""
    runtime.add(Days())
    runtime[AgreementDependents].termination.append(end_with_agreement)

    async def end_all(_leading: Connection) -> None:
        with suppress(Halted):  # a halted ledger takes no entry; the next round tries again
            while await _round(runtime) == _AT_ONCE:
                pass

    runtime[Loops].add(every(_SECONDS, end_all, name=ORDERS, leader=leader_of(runtime.database, ORDERS)))


async def _round(runtime: Runtime) -> int:
    async with runtime.database.sessions() as session:
        return await end_timed(session, runtime.clock.now())


async def end_timed(session: AsyncSession, now: datetime, *, limit: int = _AT_ONCE) -> int:
    """Lapse unsigned orders and deem acceptances, in one transaction with their entries; returns how many. Raises Halted."""
    rows = await queries.lock_timed(session, now, limit=limit)
    submissions = []
    for order in rows:
        step = ORDER.step(order.state, "deem_accepted" if order.state == "delivered" else "lapse", REMEDIES.keys())
        order.state = step.target
        if step.verb == "lapse":
            await listings.free_place(session, order.offer_id)
        about, identifier = entry_of(order, step.entry)["about"]
        fields = {name: value for name, value in entry_of(order, step.entry).items() if name != "about"}
        body = entries.OrderChanged(
            at=rfc3339(now), actor=entries.Actor(), object=entries.Object(kind=about, id=str(identifier)), **fields
        )
        submissions.append(store.Submission(body.canonical()))
        for organisation in (order.seller_id, order.buyer_id):
            await notify(
                session,
                organisation=organisation,
                kind=step.entry,
                about=Matter(KIND, order.id),
                key=f"{step.entry}/{order.id}",
                now=now,
            )
    await session.flush()
    if submissions:
        await store.append(await driver(session), submissions, advance_fence=False)
    await session.commit()
    return len(rows)
