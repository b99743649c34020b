"""Every SELECT of listings and offers."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading
from exchange.trading.listings.lifecycle import PUBLIC
from exchange.trading.models import Listing, Offer


def _readable(reading: Reading) -> ColumnElement[bool]:
    """Everybody reads what is listed; sellers read their own, and who reads everything what was submitted."""
    own = or_(Listing.state.in_(PUBLIC), Listing.seller_id.in_(reading.owners))
    return or_(own, Listing.state != "draft") if reading.everything else own


async def listings(
    session: AsyncSession,
    reading: Reading,
    *,
    words: str | None = None,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[Listing]:
    """The listings that a principal may read and that have each of these words, by id."""
    statement = select(Listing).where(_readable(reading)).order_by(Listing.id).limit(limit)
    for word in (words or "").lower().split():
        statement = statement.where(Listing.searched.contains(word, autoescape=True))
    if state is not None:
        statement = statement.where(Listing.state == state)
    if after is not None:
        statement = statement.where(Listing.id > after)
    return (await session.execute(statement)).scalars().all()


async def listing(session: AsyncSession, reading: Reading, listing_id: UUID, *, lock: bool = False) -> Listing:
    """A listing that a principal may read, perhaps locked. Raises NotFound."""
    statement = select(Listing).where(Listing.id == listing_id, _readable(reading))
    return _one((await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none())


async def by_ids(session: AsyncSession, identifiers: Collection[UUID]) -> Mapping[UUID, Listing]:
    """Listings by id. The caller decides who may see what of them."""
    statement = select(Listing).where(Listing.id.in_(identifiers))
    return {row.id: row for row in (await session.execute(statement)).scalars()}


async def share_listing(session: AsyncSession, listing_id: UUID) -> Listing:
    """A listing, locked against its steps; orders do not wait for each other. Raises NotFound."""
    statement = select(Listing).where(Listing.id == listing_id).with_for_update(read=True)
    return _one((await session.execute(statement)).scalar_one_or_none())


def _one(row: Listing | None) -> Listing:
    if row is None:
        raise NotFound("There is no such listing, or none that you may see; GET /api/v1/market/listings lists them.")
    return row


def _made_to(organisation: UUID) -> ColumnElement[bool]:
    return or_(Offer.buyers == [], Offer.buyers.contains([str(organisation)]))


async def offers(
    session: AsyncSession, reading: Reading, listings: Collection[UUID], *, organisation: UUID
) -> Mapping[UUID, list[Offer]]:
    """The offers of listings that a principal may read, by listing: sellers read all of theirs, others the open ones that are
    made to them.
    """
    by_listing: dict[UUID, list[Offer]] = defaultdict(list)
    own = or_(
        Listing.seller_id.in_(reading.owners),
        and_(Offer.closed_at.is_(None), _made_to(organisation)),
        true() if reading.everything else Listing.seller_id.in_(()),
    )
    statement = (
        select(Offer)
        .join(Listing, Listing.id == Offer.listing_id)
        .where(Offer.listing_id.in_(listings), own)
        .order_by(Offer.id)
    )
    for row in (await session.execute(statement)).scalars():
        by_listing[row.listing_id].append(row)
    return by_listing


async def open_offers(session: AsyncSession, listing_id: UUID) -> Sequence[Offer]:
    """The open offers of a listing, by id."""
    statement = select(Offer).where(Offer.listing_id == listing_id, Offer.closed_at.is_(None)).order_by(Offer.id)
    return (await session.execute(statement)).scalars().all()


async def offers_by_ids(session: AsyncSession, identifiers: Collection[UUID]) -> Mapping[UUID, Offer]:
    """Offers by id. The caller decides who may see what of them."""
    statement = select(Offer).where(Offer.id.in_(identifiers))
    return {row.id: row for row in (await session.execute(statement)).scalars()}


async def count_offers(session: AsyncSession, listing_id: UUID) -> int:
    """How many offers a listing has, closed ones included."""
    statement = select(func.count()).where(Offer.listing_id == listing_id)
    return (await session.execute(statement)).scalar_one()


async def offer_for(session: AsyncSession, organisation: UUID, offer_id: UUID) -> Offer:
    """An offer that is made to an organisation, open or closed. Raises NotFound."""
    statement = select(Offer).where(Offer.id == offer_id, _made_to(organisation))
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such offer, or none that is made to your organisation.")
    return row


async def any_offer(session: AsyncSession, offer_id: UUID, *, lock: bool = False) -> Offer:
    """An offer. The caller decides who may see it. Raises NotFound."""
    row = await session.get(Offer, offer_id, with_for_update=lock, populate_existing=lock)
    if row is None:
        raise NotFound("There is no such offer, or none that is made to your organisation.")
    return row


async def take_place(session: AsyncSession, offer_id: UUID) -> bool:
    """Take a place of an open offer; returns whether there was one. The row stays locked until the commit."""
    statement = (
        update(Offer)
        .where(
            Offer.id == offer_id,
            Offer.closed_at.is_(None),
            or_(Offer.places.is_(None), Offer.taken < Offer.places),
        )
        .values(taken=Offer.taken + 1)
        .returning(Offer.id)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def free_place(session: AsyncSession, offer_id: UUID) -> None:
    """Give a place back, for an order that was cancelled."""
    statement = update(Offer).where(Offer.id == offer_id).values(taken=Offer.taken - 1)
    await session.execute(statement.execution_options(synchronize_session=False))
