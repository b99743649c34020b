"""Adjustments: refunds and corrections of lines of statements that were issued before.

A statement is never edited. An entry `statement.adjusted` of the account names the statement, the line and the amount, and
the next statement has it as a line of its own. Tax and fee go back by their part of the line. A refund is split by what
each holder still has of the line, and what is owed in addition by the table under which the line was paid. So the chain of
adjustments of a line ends at exactly zero, and no holder's part turns negative.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ledger.billing.money import MAX_AMOUNT, portion, reversed_portion
from ledger.billing.prices import read_price
from ledger.billing.reading import digest_of
from ledger.billing.splits import SplitTable, read_table, split_refund

ADJUSTED: Final = "statement.adjusted"
"""The type of the entries that adjust a line; they have a place in the account."""


class NotAdjustable(ValueError):
    """An entry adjusts no line of an earlier statement, or takes back more than is left of it. `seq` is its index."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(reason)
        self.seq = seq


@dataclass(slots=True)
class _Held:
    """What is left of a line: net, tax, fee, and what each holder of the table that was in force still has."""

    table: SplitTable
    tax_rate: int
    fee_rate: int
    whole: tuple[int, int, int]
    net: int
    parts: tuple[int, ...]

    def change(self, amount: int) -> tuple[int, int, tuple[int, ...]]:
        """Add an amount to the line, negative for a refund. Returns what tax, fee and each holder's part change by."""
        net, tax, fee = self.whole
        before, now = net - self.net, -amount
        if net:
            tax_change = -reversed_portion(tax, whole=net, before=before, now=now)
            fee_change = -reversed_portion(fee, whole=net, before=before, now=now)
        else:
            tax_change = portion(self.net + amount, self.tax_rate) - portion(self.net, self.tax_rate)
            fee_change = portion(self.net + amount, self.fee_rate) - portion(self.net, self.fee_rate)
        shared = amount - fee_change
        parts = tuple(-part for part in split_refund(-shared, self.parts)) if shared < 0 else self.table.split(shared)
        self.net += amount
        self.parts = tuple(held + part for held, part in zip(self.parts, parts, strict=True))
        return tax_change, fee_change, parts


class Adjuster:
    """Adjusts lines of earlier statements, which are given in the order of their numbers without a gap."""

    def __init__(self, earlier: Iterable[Mapping[str, Any]]) -> None:
        self._statements = {statement["number"]: statement for statement in earlier}
        self._held: dict[tuple[int, int], _Held] = {}
        for _, statement in sorted(self._statements.items()):
            for adjustment in statement.get("adjustments", ()):
                if adjustment["number"] in self._statements:
                    self._line(adjustment["number"], adjustment["line"], -1).change(adjustment["amount"])

    def adjust(self, seq: int, body: Mapping[str, Any]) -> dict[str, Any]:
        """The line of the next statement for the entry with this index and body. Raises NotAdjustable."""
        number, line, amount, kind = body["number"], body["line"], body["amount"], body["kind"]
        if number not in self._statements:
            raise NotAdjustable(seq, f"statement {number}, of which entry {seq} adjusts a line, is not given")
        if digest_of(self._statements[number]) != body["statement"]:
            raise NotAdjustable(seq, f"entry {seq} adjusts another statement than the one with number {number}")
        if not _is_amount(amount, kind):
            raise NotAdjustable(seq, f"entry {seq} has no amount that a {kind} may have")
        held = self._line(number, line, seq)
        if held.net + amount < 0:
            raise NotAdjustable(seq, f"entry {seq} takes back {-amount}, and {held.net} is left of the line")
        tax, fee, parts = held.change(amount)
        return {
            "amount": amount,
            "code": kind,
            "entry": seq,
            "fee": fee,
            "line": line,
            "number": number,
            "parts": _parts(held.table, parts),
            "tax": tax,
        }

    def _line(self, number: int, line: int, seq: int) -> _Held:
        if (number, line) not in self._held:
            statement = self._statements[number]
            if type(line) is not int or not 0 <= line < len(statement["lines"]):
                raise NotAdjustable(seq, f"statement {number} has no line {line}")
            stated, price = statement["lines"][line], read_price(statement["price"])
            self._held[number, line] = _Held(
                table=read_table(statement["split"]["table"]),
                tax_rate=price.tax,
                fee_rate=price.fee,
                whole=(stated["amount"], stated["tax"], stated["fee"]),
                net=stated["amount"],
                parts=tuple(stated["parts"]),
            )
        return self._held[number, line]


def _is_amount(amount: Any, kind: Literal["refund", "correction"] | Any) -> bool:
    if type(amount) is not int or not 0 < abs(amount) <= MAX_AMOUNT:
        return False
    return kind == "correction" or (kind == "refund" and amount < 0)


def _parts(table: SplitTable, parts: Sequence[int]) -> list[dict[str, Any]]:
    return [{"amount": part, "holder": holder} for (holder, _), part in zip(table.shares, parts, strict=True)]
