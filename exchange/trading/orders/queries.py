"""Every SELECT of orders."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.participants.reading import Reading, reading_of
from exchange.trading.models import Order
from exchange.trading.orders.lifecycle import UNBOUND


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The orders of which the principal reads a side; the market operator and the exchange's auditor read all."""
    if reading.everything:
        return true()
    return or_(Order.seller_id.in_(reading.owners), Order.buyer_id.in_(reading.consumers))


async def orders(
    session: AsyncSession,
    reading: Reading,
    *,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[Order]:
    """The orders that a principal may read, by id."""
    statement = select(Order).where(_readable(reading)).order_by(Order.id).limit(limit)
    if state is not None:
        statement = statement.where(Order.state == state)
    if after is not None:
        statement = statement.where(Order.id > after)
    return (await session.execute(statement)).scalars().all()


async def order(session: AsyncSession, reading: Reading, order_id: UUID) -> Order:
    """An order that a principal may read. Raises NotFound."""
    statement = select(Order).where(Order.id == order_id, _readable(reading))
    return _one((await session.execute(statement)).scalar_one_or_none())


async def own(work: Work, order_id: UUID) -> Order:
    """An order that the principal may act on, as a side or as a reader, locked. Raises NotFound."""
    organisation = work.principal.organisation
    is_side = or_(Order.seller_id == organisation, Order.buyer_id == organisation)
    readable = or_(is_side, _readable(reading_of(work, "market")))
    statement = select(Order).where(Order.id == order_id, readable).with_for_update()
    return _one((await work.session.execute(statement)).scalar_one_or_none())


def _one(row: Order | None) -> Order:
    if row is None:
        raise NotFound("There is no such order, or none that you may see; GET /api/v1/market/orders lists them.")
    return row


async def of_agreement(session: AsyncSession, agreement: UUID) -> Order | None:
    """The order of an agreement, locked; None where another act has it locked."""
    statement = select(Order).where(Order.agreement_id == agreement).with_for_update(skip_locked=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def by_ids(session: AsyncSession, identifiers: Collection[UUID]) -> Mapping[UUID, Order]:
    """Orders by id. The caller decides who may see what of them."""
    statement = select(Order).where(Order.id.in_(identifiers))
    return {row.id: row for row in (await session.execute(statement)).scalars()}


async def by_reference(session: AsyncSession, buyer: UUID, reference: str) -> Order | None:
    """The order that a buyer placed under its own reference, or None."""
    statement = select(Order).where(Order.buyer_id == buyer, Order.reference == reference)
    return (await session.execute(statement)).scalar_one_or_none()


async def unbound(session: AsyncSession, *, offer: UUID, buyer: UUID, limit: int) -> Sequence[UUID]:
    """The oldest orders of an offer that a buyer has placed and that not both sides have signed."""
    statement = (
        select(Order.id)
        .where(Order.offer_id == offer, Order.buyer_id == buyer, Order.state.in_(UNBOUND))
        .order_by(Order.id)
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()


async def insert_order(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Insert an order unless its buyer has one under its reference, for which it waits; returns whether it is new."""
    statement = (
        insert(Order)
        .values(**values)
        .on_conflict_do_nothing(index_elements=[Order.buyer_id, Order.reference])
        .returning(Order.id)
    )
    return (await session.execute(statement)).first() is not None


async def lock_timed(session: AsyncSession, now: datetime, *, limit: int) -> Sequence[Order]:
    """Orders whose time is over, locked: unsigned ones, and delivered ones of which the contract deems acceptance."""
    is_unsigned = and_(Order.state.in_(UNBOUND), Order.sign_by <= now)
    deemed = Order.contract["acceptance"]["deemed"].astext == "true"
    is_inspected = and_(Order.state == "delivered", Order.inspect_by <= now, deemed)
    statement = (
        select(Order)
        .where(or_(is_unsigned, is_inspected))
        .order_by(Order.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()
