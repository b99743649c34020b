"""The price of an offer: a price document of billing, and what is owed for its beginning."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, StrictInt, model_validator

from exchange.kernel.clock import rfc3339
from exchange.kernel.schemas import In
from ledger.billing.money import MAX_AMOUNT
from ledger.billing.prices import MAX_WINDOW, Free, Price, Quantities, Trial, read_price
from ledger.billing.reading import Unpriced

Amount = Annotated[StrictInt, Field(ge=0, le=MAX_AMOUNT, description="In the currency's smallest unit (fen)")]


class OfferPrice(In):
    """The price model, and what else decides a bill. Amounts are in the smallest unit, unit prices in millionths of the main
    unit, rates in basis points.
    """

    model: Annotated[
        dict[str, JsonValue],
        Field(
            description="`kind`: free, one_off, subscription, per_call, per_record, tiered, package, revenue_share",
            examples=[{"kind": "per_record", "unit_price": 1237}],
        ),
    ]
    currency: Annotated[str, Field(description="ISO 4217")] = "CNY"
    aborted: Annotated[Literal["free", "as_delivered"], Field(description="What a stream costs that ended early")] = (
        "free"
    )
    repeat_window: Annotated[
        StrictInt, Field(ge=0, le=MAX_WINDOW, description="Seconds in which the same answer again is free")
    ] = 86_400
    tax: Annotated[StrictInt, Field(ge=0, le=10_000)] = 600
    fee: Annotated[StrictInt, Field(ge=0, le=10_000, description="The platform's part of the net amount")] = 0

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.model.get("kind") == "trial":
            raise ValueError("a trial is stated in `trial_days` of the offer")
        try:
            price_of(self)
        except Unpriced as error:
            raise ValueError(f"{error.pointer.lstrip('/')}: {error.reason}") from error
        return self


def price_of(stated: OfferPrice) -> Price:
    """The price document of an offer. Raises Unpriced."""
    return read_price({**stated.model_dump(), "rules": "usage-1", "v": 1})


def opening_amount(price: Price) -> int:
    """What is owed, with tax, before anything is used: the amount that a model owes once, or for its first month."""
    return sum(line.amount + price.tax_on(line.amount) for line in price.lines(Quantities()))


def billed_by(document: Any, trial_until: datetime | None) -> Price | None:
    """The price document of an agreement, by its contract's: with a trial, it applies from a time on; None if all is free.

    Raises Unpriced.
    """
    price = read_price(document)
    if isinstance(price.model, Free):
        return None
    return price if trial_until is None else replace(price, model=Trial(rfc3339(trial_until), price.model))
