"""Answers about figures of the market. Amounts are in the currency's smallest unit."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from exchange.catalog.schemas import Bilingual
from exchange.kernel.schemas import Out


class ValueOut(Out):
    """The value of a day in one currency; null where few made it, or one party almost alone."""

    currency: str
    contracted: Annotated[int | None, Field(description="What contracts signed on the day owe for their beginning")]
    paid: Annotated[int | None, Field(description="What sellers stated as received on the day")]
    repaid: Annotated[int | None, Field(description="What sellers stated as given back on the day")]


class DayOut(Out):
    """The market on one day in China; null where fewer than three sellers or three buyers make a figure."""

    day: date
    placed: Annotated[int | None, Field(description="Orders that were placed")]
    signed: Annotated[int | None, Field(description="Orders that both sides signed")]
    accepted: Annotated[int | None, Field(description="Orders whose delivery was accepted")]
    ended: Annotated[int | None, Field(description="Orders that were terminated or refunded")]
    deliveries: Annotated[int | None, Field(description="Deliveries under contracts of trade")]
    sellers: int | None
    buyers: int | None
    values: list[ValueOut]


class DaysOut(Out):
    """The market by day, computed from the entries of the present incarnation of the ledger."""

    incarnation: int
    days: list[DayOut]


class ChargesOut(Out):
    """What a product brought in one currency in the year, as sellers state it at their orders."""

    currency: str
    contracted: Annotated[int, Field(description="What contracts signed in the year owe for their beginning, with tax")]
    paid: int
    repaid: int


class PublicOfferOut(Out):
    """An offer that was open to everybody in the year, with its price."""

    offer: UUID
    price: dict[str, Any]
    entry: Annotated[int, Field(description="The entry that opened it")]


class ProductOut(Out):
    """A product of an authorised operation that was listed in the year."""

    listing: UUID
    dataset: UUID
    title: Bilingual | None
    registration: Annotated[str, Field(description="The registration code of the public data resource")]
    state: Annotated[str, Field(description="At the end of the year, or now")]
    offers: list[PublicOfferOut]
    orders: Annotated[int, Field(description="Orders that both sides signed in the year")]
    buyers: Annotated[int, Field(description="Different buyers of these")]
    charges: list[ChargesOut]
    deliveries: Annotated[int, Field(description="Deliveries of the dataset under contracts of trade in the year")]
    entries: Annotated[list[int], Field(description="The entries that are counted, beside those of deliveries")]


class CountedOut(Out):
    """An entry that is counted: its index and its leaf hash."""

    index: int
    hash: str


class DisclosureOut(Out):
    """The yearly disclosure of an operator of public data (公共数据资源授权运营), computed from the ledger."""

    year: int
    due: Annotated[date, Field(description="The last day to disclose it: the end of March of the next year")]
    is_over: Annotated[bool, Field(description="Whether the year is over; before that the figures are those so far")]
    operator: UUID
    operator_code: str
    operator_zh: str
    operator_en: str
    products: list[ProductOut]
    entries: list[CountedOut]
    unproven: Annotated[
        list[int], Field(description="Entries whose digests are not those of what the exchange stores: not counted")
    ]
    incarnation: int
    size: Annotated[int, Field(description="The number of entries of the ledger; all of them were searched")]


class FactsOut(Out):
    """What the ledger shows about the data of a listing. Nothing here is stated by the seller."""

    published_at: Annotated[datetime | None, Field(description="When its present version was published")]
    published: Annotated[int | None, Field(description="The entry of this")]
    imported_at: Annotated[
        datetime | None, Field(description="When a file of it was uploaded last; null for databases")
    ]
    imported: Annotated[int | None, Field(description="The entry of this")]
    availability: Annotated[
        int | None,
        Field(
            description="Basis points of the requests of the last 30 days that neither source nor exchange failed; null "
            "below 10 requests or 3 recipients"
        ),
    ]
    corrections_filed: Annotated[int, Field(description="Errors that recipients reported in the last 365 days")]
    corrections_made: Annotated[int, Field(description="Of the reports, those after which data was corrected")]
    incarnation: int
