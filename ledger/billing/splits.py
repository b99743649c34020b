"""Splits of revenue among holders, by signed and versioned tables in basis points.

Shares follow the largest remainder; ties go to the earlier holder. The method is not monotone: one unit more to share may
give a holder one unit less. So a refund is never the difference of two splits: it is split by what each holder still has
of the line, under the table that paid it. Chains of partial refunds end at exactly zero, and nobody's part turns negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.billing.money import WHOLE
from ledger.billing.reading import Members, Unpriced, digest_of
from ledger.format import canonical

MAX_HOLDERS = 100


@dataclass(frozen=True, slots=True)
class SplitTable:
    """A table: its version from 1, and each holder's basis points, which add up to 10000. The order decides ties."""

    version: int
    shares: tuple[tuple[str, int], ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the table's canonical JSON, as hex: what the holders sign."""
        return digest_of(self.document())

    def document(self) -> dict[str, Any]:
        """The table as JSON."""
        shares = [{"holder": holder, "basis_points": points} for holder, points in self.shares]
        return {"shares": shares, "version": self.version}

    def split(self, amount: int) -> tuple[int, ...]:
        """Split an amount, which is not negative, among the holders in the table's order; the parts add up to it."""
        return apportion(amount, [points for _, points in self.shares])


def read_table(document: Any, at: str = "") -> SplitTable:
    """Read a table of JSON strictly. Raises Unpriced with the place and what is wrong."""
    members = Members(document, at, {"shares", "version"})
    rows = members.rows("shares", most=MAX_HOLDERS)
    shares = []
    for place, row in enumerate(rows):
        share = Members(row, f"{at}/shares/{place}", {"basis_points", "holder"})
        shares.append((share.text("holder"), share.integer("basis_points", least=1, most=WHOLE)))
    if sum(points for _, points in shares) != WHOLE:
        raise Unpriced(f"{at}/shares", f"the basis points have to add up to {WHOLE}")
    if len({holder for holder, _ in shares}) != len(shares):
        raise Unpriced(f"{at}/shares", "a holder is named twice")
    return SplitTable(members.integer("version", least=1, most=2**31), tuple(shares))


def apportion(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Apportion an amount by weights: the largest remainder, ties by order. Neither may be negative, nor all weights zero."""
    total = sum(weights)
    if amount < 0 or total <= 0 or min(weights) < 0:
        raise ValueError(
            "an apportionment needs an amount and weights that are not negative, and one weight above zero"
        )
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(parts)), key=lambda place: (-(amount * weights[place] % total), place))
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    return tuple(parts)


def split_refund(amount: int, held: Sequence[int]) -> tuple[int, ...]:
    """Split a refund by what each holder still has of the line. Raises ValueError if it exceeds what all have."""
    if amount == 0:
        return (0,) * len(held)
    if amount > sum(held):
        raise ValueError("a refund cannot exceed what the holders still have of the line")
    return apportion(amount, held)


SIGNED = "split_table.signed"
"""The type of the entries by which all parties put a table in force; they have a place in the account."""


def signed_bytes(account: str, table: dict[str, Any], former: dict[str, Any] | None) -> bytes:
    """The bytes that each party signs for a table: the account, the table, and the one that it replaces, None for the first."""
    return b"split-table/1\n" + canonical.dumps({"account": account, "former": former, "table": table})
