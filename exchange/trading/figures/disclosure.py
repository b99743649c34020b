"""The yearly disclosure of an operator of public data (公共数据资源授权运营): its products and what they brought.

An operator discloses itself, the data, the list of products and the actual charges by the end of March (发改数据规〔2025〕27号).
"""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from exchange.audit import queries as audit
from exchange.audit.queries import Criteria, Ledger
from exchange.audit.tasks import catch_up
from exchange.calendar.counting import day_of
from exchange.kernel.commitments import commitment
from exchange.kernel.database import AsyncSession
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.reading import demand_reading
from exchange.trading.figures.reading import PAID, SIGNED, VALUED, Entry, Span, Sum, prove, read, span
from exchange.trading.figures.schemas import ChargesOut, CountedOut, DisclosureOut, ProductOut, PublicOfferOut
from exchange.trading.listings import queries as listings
from exchange.trading.listings.schemas import ListingDocument

_BEGINNING: Final = date(2000, 1, 1)
_SHOWN: Final = frozenset({"listed", "suspended"})
_STATES: Final = {
    "drafted": "draft",
    "redrafted": "draft",
    "submitted": "in_review",
    "approved": "approved",
    "rejected": "rejected",
    "listed": "listed",
    "suspended": "suspended",
    "resumed": "listed",
    "delisted": "delisted",
}
_COLUMNS: Final = (
    "year", "operator_code", "operator_zh", "operator_en", "listing", "dataset", "title_zh", "title_en", "registration", "state",
    "orders", "buyers", "deliveries", "currency", "contracted", "paid", "repaid", "entries",
)  # fmt: skip


@dataclass(slots=True)
class _Product:
    """A product with the entries that are counted for it."""

    listing: UUID
    document: ListingDocument
    entries: list[Entry]
    offers: list[PublicOfferOut] = field(default_factory=list)
    orders: list[Entry] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)


async def disclose(work: Work, *, year: int, seller: UUID | None) -> DisclosureOut:
    """The disclosure of a seller, by default the principal's organisation, for those who read what it sells.

    Raises NotFound, Forbidden, TooManyEntries, IndexBehind.
    """
    reading = demand_reading(work, "market")
    operator = work.principal.organisation if seller is None else seller
    if not reading.everything and operator not in reading.owners:
        raise NotFound("Your roles read no disclosure of this organisation.")
    await catch_up(work.runtime)
    session = work.session
    organisation = await participants.organisation(session, operator)
    ledger = await audit.present(session)
    year_long = span(date(year, 1, 1), date(year, 12, 31))
    products, unproven = await _products(session, ledger, operator, year)
    by_offer = await _add_offers(session, ledger, operator, products, unproven, until=year_long["until"])
    changed = await read(session, ledger, Criteria({"owner": str(operator)}, prefix="order.", **year_long))
    counted = [entry for entry in changed if entry.body["offer"] in by_offer]
    for entry in counted:
        if entry.body["type"] == SIGNED:
            by_offer[entry.body["offer"]].orders.append(entry)
    sums, unproven_sums = await prove(session, [entry for entry in counted if entry.body["type"] in VALUED])
    for each in sums:
        by_offer[each.entry.body["offer"]].sums.append(each)
    shown = [await _out(session, ledger, product, year_long) for product in products.values()]
    entries = {entry.index: entry for product in products.values() for entry in _counted(product)}
    return DisclosureOut(
        year=year,
        due=date(year + 1, 3, 31),
        is_over=day_of(work.runtime.clock.now()).year > year,
        operator=operator,
        operator_code=organisation.code,
        operator_zh=organisation.name_zh,
        operator_en=organisation.name_en,
        products=shown,
        entries=[CountedOut(index=index, hash=entries[index].hash) for index in sorted(entries)],
        unproven=sorted(entry.index for entry in [*unproven, *unproven_sums]),
        incarnation=ledger.number,
        size=ledger.size,
    )


async def _products(
    session: AsyncSession, ledger: Ledger, operator: UUID, year: int
) -> tuple[dict[str, _Product], list[Entry]]:
    """The listings of an authorised operation that were listed in a year, and entries whose document nothing proves."""
    period = span(_BEGINNING, date(year, 12, 31))
    by_listing = defaultdict[str, list[Entry]](list)
    for entry in await read(session, ledger, Criteria({"owner": str(operator)}, prefix="market_listing.", **period)):
        by_listing[entry.body["object"]["id"]].append(entry)
    rows = await listings.by_ids(session, {UUID(identifier) for identifier in by_listing})
    products, unproven = dict[str, _Product](), list[Entry]()
    for identifier, entries in by_listing.items():
        if not _was_listed(entries, year):
            continue
        row = rows.get(UUID(identifier))
        if row is None or commitment(row.document, salt=row.salt) != entries[-1].body["document"]:
            unproven.append(entries[-1])
            continue
        document = ListingDocument.model_validate(row.document)
        if document.public_data is not None and document.public_data.basis == "authorised_operation":
            products[identifier] = _Product(row.id, document, entries)
    return products, unproven


def _was_listed(entries: Sequence[Entry], year: int) -> bool:
    """Whether a listing was listed at the beginning of the year, or came to be in it."""
    state = ""
    for entry in entries:
        if entry.day.year == year and state in _SHOWN:
            return True
        state = _state_after(entry)
        if entry.day.year == year and state == "listed":
            return True
    return state in _SHOWN


def _state_after(entry: Entry) -> str:
    return _STATES[entry.body["type"].rpartition(".")[2]]


async def _add_offers(
    session: AsyncSession,
    ledger: Ledger,
    operator: UUID,
    products: Mapping[str, _Product],
    unproven: list[Entry],
    *,
    until: str,
) -> Mapping[str, _Product]:
    """Add the public offers to products; returns the product of each offer, private ones too."""
    criteria = Criteria({"owner": str(operator), "type": "market_offer.opened"}, until=until)
    opened = [entry for entry in await read(session, ledger, criteria) if entry.body["listing"] in products]
    rows = await listings.offers_by_ids(session, {UUID(entry.body["object"]["id"]) for entry in opened})
    for entry in opened:
        row = rows.get(UUID(entry.body["object"]["id"]))
        if row is None or commitment(row.document, salt=row.salt) != entry.body["document"]:
            unproven.append(entry)
        elif not row.buyers:
            shown = PublicOfferOut(offer=row.id, price=row.document["price"], entry=entry.index)
            product = products[entry.body["listing"]]
            product.offers.append(shown)
            product.entries.append(entry)
    return {entry.body["object"]["id"]: products[entry.body["listing"]] for entry in opened}


def _counted(product: _Product) -> list[Entry]:
    return [*product.entries, *product.orders, *(each.entry for each in product.sums)]


async def _out(session: AsyncSession, ledger: Ledger, product: _Product, period: Span) -> ProductOut:
    dataset = product.entries[0].body["dataset"]
    criteria = Criteria({"type": "delivery.completed", "lane": "trade", "dataset": dataset}, **period)
    delivered = await audit.tally(session, ledger, criteria)
    changes = [entry for entry in product.entries if entry.body["type"].startswith("market_listing.")]
    public_data = product.document.public_data
    return ProductOut(
        listing=product.listing,
        dataset=UUID(dataset),
        title=product.document.title,
        registration=public_data.reference if public_data is not None else "",
        state=_state_after(changes[-1]),
        offers=product.offers,
        orders=len(product.orders),
        buyers=len({entry.body["consumer"] for entry in product.orders}),
        charges=[_charges(product.sums, currency) for currency in sorted({each.currency for each in product.sums})],
        deliveries=sum(each.count for each in delivered),
        entries=sorted({entry.index for entry in _counted(product)}),
    )


def _charges(sums: Sequence[Sum], currency: str) -> ChargesOut:
    totals = dict.fromkeys(("contracted", "paid", "repaid"), 0)
    names = {SIGNED: "contracted", PAID: "paid"}
    for each in sums:
        if each.currency == currency:
            totals[names.get(each.entry.body["type"], "repaid")] += each.amount
    return ChargesOut(currency=currency, **totals)


def table(disclosure: DisclosureOut) -> str:
    """A disclosure as CSV (RFC 4180): a row for each product and currency."""
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    writer.writerow(_COLUMNS)
    for product in disclosure.products:
        charged: list[ChargesOut | None] = [*product.charges]
        for charges in charged or [None]:
            cells: dict[str, Any] = {
                **disclosure.model_dump(include={"year", "operator_code", "operator_zh", "operator_en"}),
                **product.model_dump(exclude={"title", "offers", "charges", "entries"}),
                "title_zh": product.title.zh if product.title else "",
                "title_en": product.title.en if product.title else "",
                **(charges.model_dump() if charges is not None else {}),
                "entries": " ".join(map(str, product.entries)),
            }
            writer.writerow([_plain(cells.get(name, "")) for name in _COLUMNS])
    return output.getvalue()


def _plain(value: Any) -> str:
    """A cell that no spreadsheet program takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
