"""Prices: the models that a contract may name, read strictly from JSON, and the lines that they make of quantities.

A price document has the model, and what else decides a bill: the currency, the rule set by which usage is counted, what
aborted streams cost, how long a repeated answer is free, tax, and the platform's fee. Both sides sign its digest. All
numbers are integers: amounts in the currency's smallest unit, unit prices in millionths of the main unit, rates in basis
points. Each line is rounded once a period.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast

from ledger.billing.money import EXPONENTS, MAX_AMOUNT, WHOLE, portion, priced
from ledger.billing.reading import Members, Unpriced, digest_of

Unit = Literal["call", "record"]
"""What is counted: an answer that was delivered, or a row of it."""

UNITS: Final = ("call", "record")
MAX_UNIT_PRICE: Final = 10**15
MAX_TIERS: Final = 20
MAX_WINDOW: Final = 31 * 86_400
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quantities:
    """What is billed in one period (a calendar month): calls, records, and what the model needs beside them.

    `revenue` is what the buyer stated as its own revenue, in the smallest unit. `statement` counts the account's statements
    from 1: what is owed once is owed with the first. `in_trial` are calls and records of the trial's time, which `calls` and
    `records` do not contain; `is_trial_over` is false if the trial lasts beyond the period.
    """

    calls: int = 0
    records: int = 0
    revenue: int = 0
    statement: int = 1
    in_trial: tuple[int, int] = (0, 0)
    is_trial_over: bool = True

    def of(self, unit: Unit) -> int:
        """The quantity of a unit."""
        return self.calls if unit == "call" else self.records


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill: what it is for, the quantity, the unit price (None where a sum is owed as a whole), net amount."""

    code: str
    unit: str
    quantity: int
    unit_price: int | None
    amount: int

    def document(self) -> dict[str, Any]:
        """The line as JSON."""
        price = {} if self.unit_price is None else {"unit_price": self.unit_price}
        return {"amount": self.amount, "code": self.code, "quantity": self.quantity, "unit": self.unit} | price


@dataclass(frozen=True, slots=True)
class Free:
    """Nothing is owed."""

    def document(self) -> dict[str, Any]:
        """The model as JSON."""
        return {"kind": "free"}

    def lines(self, _quantities: Quantities, _currency: str) -> tuple[Line, ...]:
        """No line."""
        return ()


@dataclass(frozen=True, slots=True)
class OneOff:
    """An amount that is owed once."""

    amount: int

    def document(self) -> dict[str, Any]:
        """The model as JSON."""
        return {"kind": "one_off", "amount": self.amount}

    def lines(self, quantities: Quantities, _currency: str) -> tuple[Line, ...]:
        """The amount, in the account's first statement."""
        return (Line("one_off", "contract", 1, None, self.amount),) if quantities.statement == 1 else ()


@dataclass(frozen=True, slots=True)
class Subscription:
    """An amount for each calendar month in which the contract is in force, whatever is used."""

    amount: int

    def document(self) -> dict[str, Any]:
        """The model as JSON."""
        return {"kind": "subscription", "amount": self.amount}

    def lines(self, _quantities: Quantities, _currency: str) -> tuple[Line, ...]:
        """The month's amount."""
        return (Line("subscription", "month", 1, None, self.amount),)


@dataclass(frozen=True, slots=True)
class PerUnit:
    """A price for each call or each record."""

    unit: Unit
    unit_price: int

    def document(self) -> dict[str, Any]:
        """The model as JSON."""
        return {"kind": f"per_{self.unit}", "unit_price": self.unit_price}

    def lines(self, quantities: Quantities, currency: str) -> tuple[Line, ...]:
        """What was used, at the price."""
        return (_line(f"per_{self.unit}", self.unit, quantities.of(self.unit), self.unit_price, currency),)


@dataclass(frozen=True, slots=True)
class Tiered:
    """Prices by quantity within the month: each tier's price applies to what falls into the tier.

    `tiers` are pairs of the last quantity of the tier, ascending and None for the last, and the unit price.
    """

    unit: Unit
    tiers: tuple[tuple[int | None, int], ...]

    def document(self) -> dict[str, Any]:
        """The model as JSON."""
        tiers = [{"up_to": up_to, "unit_price": unit_price} for up_to, unit_price in self.tiers]
        return {"kind": "tiered", "unit": self.unit, "tiers": tiers}

    def lines(self, quantities: Quantities, currency: str) -> tuple[Line, ...]:
        """One line for each tier that was reached."""
        quantity, below = quantities.of(self.unit), 0
        lines = []
        for number, (up_to, unit_price) in enumerate(self.tiers, 1):
            within = (quantity if up_to is None else min(quantity, up_to)) - below
            if within <= 0:
                break
            lines.append(_line(f"tier_{number}", self.unit, within, unit_price, currency))
            below += within
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class Package:
    """An amount for each month that contains a quota, and a price for what goes beyond it."""

    unit: Unit
    amount: int
    quota: int
    unit_price: int

    def document(self) -> dict[str, Any]:
        """The model as JSON."""
        return {
            "kind": "package",
            "unit": self.unit,
            "amount": self.amount,
            "quota": self.quota,
            "unit_price": self.unit_price,
        }

    def lines(self, quantities: Quantities, currency: str) -> tuple[Line, ...]:
        """The month's amount, and what went beyond the quota."""
        package = Line("package", "month", 1, None, self.amount)
        beyond = quantities.of(self.unit) - self.quota
        if beyond <= 0:
            return (package,)
        return package, _line("beyond_quota", self.unit, beyond, self.unit_price, currency)


@dataclass(frozen=True, slots=True)
class RevenueShare:
    """A share of the revenue that the buyer states for the month."""

    basis_points: int

    def document(self) -> dict[str, Any]:
        """The model as JSON."""
        return {"kind": "revenue_share", "basis_points": self.basis_points}

    def lines(self, quantities: Quantities, _currency: str) -> tuple[Line, ...]:
        """The share of what was stated."""
        amount = portion(quantities.revenue, self.basis_points)
        return (Line("revenue_share", "revenue", quantities.revenue, None, amount),)


@dataclass(frozen=True, slots=True)
class Trial:
    """Nothing is owed for what is used before a time; from then on another model applies."""

    until: str
    then: "Model"

    def document(self) -> dict[str, Any]:
        """The model as JSON."""
        return {"kind": "trial", "until": self.until, "then": self.then.document()}

    def lines(self, quantities: Quantities, currency: str) -> tuple[Line, ...]:
        """What was used in the trial, at no price, and the lines of the model that follows."""
        calls, records = quantities.in_trial
        tried = tuple(
            Line(f"trial_{unit}", unit, quantity, 0, 0)
            for unit, quantity in (("call", calls), ("record", records))
            if quantity
        )
        return tried + (self.then.lines(quantities, currency) if quantities.is_trial_over else ())


Model = Free | OneOff | Subscription | PerUnit | Tiered | Package | RevenueShare | Trial


@dataclass(frozen=True, slots=True)
class Price:
    """A price document: the model, and what else decides a bill.

    `rules` names the rule set by which usage is counted (ledger.billing.usage). `aborted` says whether a stream that ended
    early costs what was delivered. An answer with the plan and content of an earlier one is free for `repeat_window` seconds.
    `tax` is added to each line; the `fee` is the platform's part of the net amount. Both are in basis points.
    """

    model: Model
    currency: str = "CNY"
    rules: str = "usage-1"
    aborted: Literal["free", "as_delivered"] = "free"
    repeat_window: int = 86_400
    tax: int = 600
    fee: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of the document's canonical JSON, as hex: what both sides sign, and entries name."""
        return digest_of(self.document())

    def document(self) -> dict[str, Any]:
        """The document as JSON; `read_price` reads it."""
        return {
            "aborted": self.aborted,
            "currency": self.currency,
            "fee": self.fee,
            "model": self.model.document(),
            "repeat_window": self.repeat_window,
            "rules": self.rules,
            "tax": self.tax,
            "v": 1,
        }

    def lines(self, quantities: Quantities) -> tuple[Line, ...]:
        """The net lines of a period; each is rounded once."""
        return self.model.lines(quantities, self.currency)

    def tax_on(self, amount: int) -> int:
        """The tax on a line's net amount."""
        return portion(amount, self.tax)

    def fee_on(self, amount: int) -> int:
        """The platform's fee of a net amount; the rest is the holders'."""
        return portion(amount, self.fee)


def read_price(document: Any, at: str = "") -> Price:
    """Read a price document of JSON strictly. `at` is its place, for errors. Raises Unpriced."""
    names = {"aborted", "currency", "fee", "model", "repeat_window", "rules", "tax", "v"}
    members = Members(document, at, names)
    members.integer("v", least=1, most=1)
    aborted = members.text("aborted", ("free", "as_delivered"))
    return Price(
        model=_read_model(members.value("model"), f"{at}/model"),
        currency=members.text("currency", EXPONENTS),
        rules=members.text("rules", ("usage-1",)),
        aborted=cast(Literal["free", "as_delivered"], aborted),
        repeat_window=members.integer("repeat_window", most=MAX_WINDOW),
        tax=members.integer("tax", most=WHOLE),
        fee=members.integer("fee", most=WHOLE),
    )


def _read_model(document: Any, at: str, *, is_inner: bool = False) -> Model:
    kind = document.get("kind") if type(document) is dict else None
    if type(kind) is not str or kind not in _MODELS or (is_inner and kind == "trial"):
        kinds = sorted(_MODELS.keys() - ({"trial"} if is_inner else set()))
        raise Unpriced(f"{at}/kind", f"one of {', '.join(kinds)} is needed")
    names, read = _MODELS[kind]
    return read(Members(document, at, {"kind", *names}), at)


def _read_tiered(members: Members, at: str) -> Tiered:
    tiers: list[tuple[int | None, int]] = []
    rows = members.rows("tiers", most=MAX_TIERS)
    least = 1
    for place, row in enumerate(rows):
        tier = Members(row, f"{at}/tiers/{place}", {"up_to", "unit_price"})
        up_to = tier.optional_integer("up_to", least=least)
        if (up_to is None) != (place == len(rows) - 1):
            raise Unpriced(f"{at}/tiers/{place}/up_to", "the last tier, and no other, has null for its end")
        least = (up_to or 0) + 1
        tiers.append((up_to, tier.integer("unit_price", most=MAX_UNIT_PRICE)))
    return Tiered(_unit(members), tuple(tiers))


def _read_trial(members: Members, at: str) -> Trial:
    until = members.text("until")
    if not _is_time(until):
        raise Unpriced(f"{at}/until", "a time such as 2026-12-31T16:00:00.000000Z is needed")
    return Trial(until, _read_model(members.value("then"), f"{at}/then", is_inner=True))


def _is_time(text: str) -> bool:
    if _TIME.fullmatch(text):
        with suppress(ValueError):
            return bool(datetime.fromisoformat(text))
    return False


def _unit(members: Members) -> Unit:
    return cast(Unit, members.text("unit", UNITS))


def _amount(members: Members) -> int:
    return members.integer("amount", most=MAX_AMOUNT)


def _unit_price(members: Members) -> int:
    return members.integer("unit_price", most=MAX_UNIT_PRICE)


_MODELS: Final[dict[str, tuple[tuple[str, ...], Callable[[Members, str], Model]]]] = {
    "free": ((), lambda _members, _at: Free()),
    "one_off": (("amount",), lambda members, _at: OneOff(_amount(members))),
    "subscription": (("amount",), lambda members, _at: Subscription(_amount(members))),
    "per_call": (("unit_price",), lambda members, _at: PerUnit("call", _unit_price(members))),
    "per_record": (("unit_price",), lambda members, _at: PerUnit("record", _unit_price(members))),
    "tiered": (("unit", "tiers"), _read_tiered),
    "package": (
        ("unit", "amount", "quota", "unit_price"),
        lambda members, _at: Package(
            _unit(members), _amount(members), members.integer("quota", least=1), _unit_price(members)
        ),
    ),
    "revenue_share": (
        ("basis_points",),
        lambda members, _at: RevenueShare(members.integer("basis_points", least=1, most=WHOLE)),
    ),
    "trial": (("until", "then"), _read_trial),
}


def _line(code: str, unit: Unit, quantity: int, unit_price: int, currency: str) -> Line:
    return Line(code, unit, quantity, unit_price, priced(quantity, unit_price, currency))
