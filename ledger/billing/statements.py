"""Statements: the bill of an account for a calendar month, as a value that everyone computes from the same entries.

A statement names the account's entries that it counts, from the one after the former statement's last to its own last.
Its digest is in `statement.issued`, which has a place in the account too. So the chain of the account shows that no entry
was left out, counted twice or moved, and that no other statement was issued for the month.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.billing.accounts import FIRST
from ledger.billing.adjustments import ADJUSTED, Adjuster
from ledger.billing.prices import Line, Price, Quantities, Trial
from ledger.billing.reading import digest_of
from ledger.billing.splits import SplitTable
from ledger.billing.usage import COUNTED, ISSUED, Counter, Months, bounds_of


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry of an account: its number, index, leaf hash and body."""

    n: int
    seq: int
    leaf_hash: bytes
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a statement rests on beside the entries: account, month, number from 1, price, split table, stated revenue.

    `earlier` are the account's statements before it, from the first of which a line is adjusted; see Adjuster.
    """

    account: str
    month: str
    number: int
    price: Price
    table: SplitTable
    revenue: int = 0
    earlier: tuple[Mapping[str, Any], ...] = ()


def select(entries: Iterable[Placed], month: str) -> list[Placed]:
    """The entries of a month among those after the former statement, in the account's order.

    The range ends before the first billed entry of a later month. Entries about statements at its end are not in it.
    """
    months = Months()
    chosen: list[Placed] = []
    last = 0
    for placed in entries:
        own = months.of(placed.body)
        if own is not None and own > month:
            break
        if own is not None:
            last = len(chosen) + 1
        chosen.append(placed)
    return chosen[:last]


class Tally:
    """A statement in the making: the entries of its month are added one by one, in the account's order."""

    def __init__(self, basis: Basis, *, before: tuple[int, bytes]) -> None:
        """`before` is the number and leaf hash of the entry before the statement's first; (0, FIRST) for none."""
        self._basis, self._before, self._last = basis, before, before
        self._counter = Counter(basis.price)
        self._adjuster = Adjuster(basis.earlier)
        self._adjustments: list[dict[str, Any]] = []

    def add(self, placed: Placed) -> None:
        """Add the next entry. Those that bill nothing, such as of statements, do not move the statement's end.

        Raises NotAdjustable.
        """
        if placed.body["type"] in COUNTED:
            self._counter.add(placed.seq, placed.body)
            self._last = placed.n, placed.leaf_hash
        if placed.body["type"] == ADJUSTED:
            self._adjustments.append(self._adjuster.adjust(placed.seq, placed.body))

    def statement(self) -> dict[str, Any]:
        """The statement over the entries so far."""
        basis, price, usage = self._basis, self._basis.price, self._counter.usage
        _, after = bounds_of(basis.month)
        is_trial_over = not isinstance(price.model, Trial) or price.model.until < after.strftime(
            "%Y-%m-%dT%H:%M:%S.%fZ"
        )
        quantities = Quantities(
            calls=usage.calls,
            records=usage.records,
            revenue=basis.revenue,
            statement=basis.number,
            in_trial=(usage.in_trial[0], usage.in_trial[1]),
            is_trial_over=is_trial_over,
        )
        lines = [_billed(line, price, basis.table) for line in price.lines(quantities)]
        adjustments = self._adjustments
        net, tax, fee = (sum(each[name] for each in lines + adjustments) for name in ("amount", "tax", "fee"))
        parts = [sum(line["parts"][place] for line in lines) for place in range(len(basis.table.shares))]
        return {
            "account": basis.account,
            "currency": price.currency,
            "fee": fee,
            "from": {"n": self._before[0] + 1, "prev": self._before[1].hex()},
            "lines": lines,
            "month": basis.month,
            "net": net,
            "number": basis.number,
            "price": price.document(),
            "revenue": basis.revenue,
            "split": {
                "parts": [
                    {"amount": part, "holder": holder}
                    for (holder, _), part in zip(basis.table.shares, parts, strict=True)
                ],
                "table": basis.table.document(),
            },
            "tax": tax,
            "to": {"hash": self._last[1].hex(), "n": self._last[0]},
            "total": net + tax,
            "usage": self._counter.document(),
            "v": 1,
        } | ({"adjustments": adjustments} if adjustments else {})


def _billed(line: Line, price: Price, table: SplitTable) -> dict[str, Any]:
    """A line with its tax, the platform's fee, and what each holder has of the rest, in the table's order."""
    fee = price.fee_on(line.amount)
    return line.document() | {
        "fee": fee,
        "parts": list(table.split(line.amount - fee)),
        "tax": price.tax_on(line.amount),
    }


def state(basis: Basis, counted: Iterable[Placed], *, before: tuple[int, bytes]) -> dict[str, Any]:
    """The statement over these entries; see Tally."""
    tally = Tally(basis, before=before)
    for placed in counted:
        tally.add(placed)
    return tally.statement()


def digest(statement: Mapping[str, Any]) -> str:
    """SHA-256 of a statement's canonical JSON, as hex: what both sides sign, and `statement.issued` has."""
    return digest_of(dict(statement))


__all__ = ["FIRST", "ISSUED", "Basis", "Placed", "Tally", "digest", "select", "state"]
