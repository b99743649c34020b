"""Statements: the bill of an account for a calendar month, as a value that everyone computes from the same entries.

A statement names the account's entries that it counts, from the one after the former statement's last to its own last.
Its digest is in `statement.issued`, which has a place in the account too. So the chain of the account shows that no entry
was left out, counted twice or moved, and that no other statement was issued for the month.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.billing.accounts import FIRST
from ledger.billing.prices import Price, Quantities, Trial
from ledger.billing.reading import digest_of
from ledger.billing.splits import SplitTable
from ledger.billing.usage import ISSUED, Counter, Months, bounds_of


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry of an account: its number, index, leaf hash and body."""

    n: int
    seq: int
    leaf_hash: bytes
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a statement rests on beside the entries: account, month, number from 1, price, split table, stated revenue."""

    account: str
    month: str
    number: int
    price: Price
    table: SplitTable
    revenue: int = 0


def select(entries: Iterable[Placed], month: str) -> list[Placed]:
    """The entries of a month among those after the former statement, in the account's order.

    The range ends before the first billed entry of a later month. Entries about statements at its end are not in it.
    """
    months = Months()
    chosen: list[Placed] = []
    last = 0
    for placed in entries:
        own = months.of(placed.body)
        if own is not None:
            if own > month:
                break
            last = len(chosen) + 1
        chosen.append(placed)
    return chosen[:last]


class Tally:
    """A statement in the making: the entries of its month are added one by one, in the account's order."""

    def __init__(self, basis: Basis, *, before: tuple[int, bytes]) -> None:
        """`before` is the number and leaf hash of the entry before the statement's first; (0, FIRST) for none."""
        self._basis, self._before, self._last = basis, before, before
        self._counter = Counter(basis.price)

    def add(self, placed: Placed) -> None:
        """Add the next entry."""
        self._counter.add(placed.seq, placed.body)
        self._last = placed.n, placed.leaf_hash

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
        lines = [line.document() | {"tax": price.tax_on(line.amount)} for line in price.lines(quantities)]
        net = sum(line["amount"] for line in lines)
        tax = sum(line["tax"] for line in lines)
        fee = price.fee_on(net)
        parts = zip(basis.table.shares, basis.table.split(net - fee), strict=True)
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
                "parts": [{"amount": part, "holder": holder} for (holder, _), part in parts],
                "table": basis.table.document(),
            },
            "tax": tax,
            "to": {"hash": self._last[1].hex(), "n": self._last[0]},
            "total": net + tax,
            "usage": self._counter.document(),
            "v": 1,
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
