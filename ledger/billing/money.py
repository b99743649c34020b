"""Money as integers: amounts in the smallest unit of a currency, unit prices in millionths of its main unit.

A product is rounded once, to the nearest smallest unit, halves away from zero. So 100,000 records at 0.001237 yuan cost
123.70 yuan, where rounding each record would give nothing.
"""

from typing import Final

EXPONENTS: Final = {"AUD": 2, "CNY": 2, "EUR": 2, "GBP": 2, "HKD": 2, "JPY": 0, "KRW": 0, "MOP": 2, "SGD": 2, "USD": 2}
"""The currencies with the number of decimal places of their smallest unit (ISO 4217)."""

WHOLE: Final = 10_000
"""All of something in basis points."""

MAX_AMOUNT: Final = 10**14
"""The largest amount that a price may name, in the smallest unit."""


def round_ratio(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, halves away from zero; `denominator` is positive."""
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


def priced(quantity: int, unit_price: int, currency: str) -> int:
    """The amount of a quantity, in the smallest unit. `unit_price` is in millionths of the currency's main unit."""
    return round_ratio(quantity * unit_price, 10 ** (6 - EXPONENTS[currency]))


def portion(amount: int, basis_points: int) -> int:
    """The portion of an amount, rounded: of 6 % tax, 600 basis points."""
    return round_ratio(amount * basis_points, WHOLE)


def reversed_portion(part: int, *, whole: int, before: int, now: int) -> int:
    """Return how much of a line's `part` (its tax, its fee) goes back when `now` more of its net `whole` is refunded.

    `before` was refunded already. The parts of all refunds of a line add up to exactly `part`, in whatever steps.
    """
    return round_ratio(part * (before + now), whole) - round_ratio(part * before, whole)
