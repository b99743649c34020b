"""The price of an offer, as a document. Amounts are integers of the currency's smallest unit, unit prices millionths of it.

For the yuan an amount is in fen and a unit price in micro-yuan; a code of ISO 4217 names the currency.
"""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from exchange.kernel.schemas import In

Amount = Annotated[int, Field(ge=1, le=10**14, description="In fen")]
Unit = Annotated[int, Field(ge=1, le=10**15, description="In micro-yuan")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217")]
Measure = Literal["call", "record"]


class Free(In):
    """Nothing is paid."""

    kind: Literal["free"]


class OneOff(In):
    """One amount for the whole term."""

    kind: Literal["one_off"]
    amount: Amount
    currency: Currency = "CNY"


class Subscription(In):
    """One amount for each period that begins within the term."""

    kind: Literal["subscription"]
    amount: Amount
    period: Literal["month", "year"]
    currency: Currency = "CNY"


class PerUse(In):
    """A unit price for each call or record delivered."""

    kind: Literal["per_call", "per_record"]
    unit: Unit
    currency: Currency = "CNY"


class Tier(In):
    """The unit price of quantities up to `upto`; without it, of all further ones."""

    upto: Annotated[int | None, Field(ge=1, le=2**53 - 1)]
    unit: Annotated[int, Field(ge=0, le=10**15)]


class Tiered(In):
    """Unit prices by quantity within a period: each tier prices the part of the quantity that falls into it."""

    kind: Literal["tiered"]
    by: Measure
    tiers: Annotated[list[Tier], Field(min_length=2, max_length=20)]
    currency: Currency = "CNY"

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        bounds = [tier.upto for tier in self.tiers]
        if bounds[-1] is not None or None in bounds[:-1]:
            raise ValueError("the last tier, and no other, has no upper bound: `upto` is null")
        ends = [bound for bound in bounds if bound is not None]
        if ends != sorted(set(ends)):
            raise ValueError("tiers ascend")
        return self


class Package(In):
    """One amount for a quota within the term; beyond it a unit price, or without one nothing more is delivered."""

    kind: Literal["package"]
    amount: Amount
    by: Measure
    quota: Annotated[int, Field(ge=1, le=2**53 - 1)]
    beyond: Unit | None = None
    currency: Currency = "CNY"


class RevenueShare(In):
    """A share of the buyer's revenue from a product that the contract names, in basis points."""

    kind: Literal["revenue_share"]
    basis_points: Annotated[int, Field(ge=1, le=10_000)]
    product: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    currency: Currency = "CNY"


class Trial(In):
    """Free of charge, once for each buyer, for the offer's days."""

    kind: Literal["trial"]


Price: TypeAlias = Annotated[
    Free | OneOff | Subscription | PerUse | Tiered | Package | RevenueShare | Trial, Field(discriminator="kind")
]
_DAYS = {"month": 30, "year": 365}


def fixed_amount(price: Price, *, days: int) -> int:
    """What a price makes due whatever is used, over a term of so many days; usage is billed by statements."""
    if isinstance(price, OneOff | Package):
        return price.amount
    if isinstance(price, Subscription):
        return price.amount * -(-days // _DAYS[price.period])
    return 0
