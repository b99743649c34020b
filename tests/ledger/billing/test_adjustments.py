"""Refunds and corrections in whatever steps: money is conserved, and nobody's part turns negative."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.billing.adjustments import Adjuster, NotAdjustable
from ledger.billing.prices import OneOff, Price, Quantities
from ledger.billing.reading import digest_of
from ledger.billing.splits import SplitTable
from ledger.billing.statements import FIRST, Basis, state

A = "00000000-0000-4000-8000-00000000000a"
TABLE = SplitTable(1, (("a", 2137), ("b", 6780), ("c", 793), ("d", 290)))

tables = st.lists(st.integers(1, 5000), min_size=1, max_size=6).map(
    lambda weights: SplitTable(
        1,
        tuple(
            (f"holder-{place}", points)
            for place, points in enumerate(
                [*weights[1:], 10_000 - sum(weights[1:])] if sum(weights[1:]) < 10_000 else [10_000]
            )
        ),
    )
)


def issued(amount: int, table: SplitTable = TABLE, *, fee: int = 0, tax: int = 600) -> dict[str, Any]:
    """A statement of one line."""
    price = Price(OneOff(amount), fee=fee, tax=tax)
    assert price.lines(Quantities())[0].amount == amount
    return state(Basis(A, "2026-11", 1, price, table), [], before=(0, FIRST))


def adjusting(statement: dict[str, Any], amount: int) -> dict[str, Any]:
    """The body of an entry that adjusts its line."""
    body = {"amount": amount, "kind": "refund" if amount < 0 else "correction", "line": 0, "number": 1}
    return body | {"statement": digest_of(statement)}


@settings(max_examples=150)
@given(
    tables,
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.integers(0, 2000),
    st.lists(st.integers(-500, 300).filter(bool), max_size=12),
)
def test_money_is_conserved_in_any_sequence_of_refunds_and_corrections(
    table: SplitTable, fee: int, tax: int, amount: int, steps: list[int]
) -> None:
    statement = issued(amount, table, fee=fee, tax=tax)
    adjuster, left = Adjuster([statement]), amount
    [line] = statement["lines"]
    parts, taxed, kept = list(line["parts"]), line["tax"], line["fee"]
    for seq, step in enumerate([*steps, None]):
        change = -left if step is None else step
        if change == 0:
            continue
        if left + change < 0:
            with pytest.raises(NotAdjustable):
                adjuster.adjust(seq, adjusting(statement, change))
            continue
        adjustment = adjuster.adjust(seq, adjusting(statement, change))
        changes = [part["amount"] for part in adjustment["parts"]]
        assert sum(changes) + adjustment["fee"] == change
        parts = [part + each for part, each in zip(parts, changes, strict=True)]
        taxed, kept, left = taxed + adjustment["tax"], kept + adjustment["fee"], left + change
        assert (min(parts) >= 0, sum(parts) + kept) == (True, left)
    assert (parts, taxed, kept) == ([0] * len(parts), 0, 0)


def test_adjustments_of_statements_between_are_counted() -> None:
    statement = issued(17)
    first = Adjuster([statement]).adjust(1, adjusting(statement, -1))
    between = statement | {"number": 2, "adjustments": [first]}
    with pytest.raises(NotAdjustable, match="16 is left"):
        Adjuster([statement, between]).adjust(2, adjusting(statement, -17))
    rest = Adjuster([statement, between]).adjust(2, adjusting(statement, -16))
    sums = [one["amount"] + other["amount"] for one, other in zip(first["parts"], rest["parts"], strict=True)]
    assert sums == [-part for part in statement["lines"][0]["parts"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 2},
        {"line": 1},
        {"line": -1},
        {"statement": "00" * 32},
        {"amount": 0},
        {"amount": True},
        {"kind": "gift"},
        {"amount": 5, "kind": "refund"},
    ],
)
def test_what_adjusts_no_line_is_refused(changes: dict[str, Any]) -> None:
    statement = issued(17)
    with pytest.raises(NotAdjustable):
        Adjuster([statement]).adjust(1, adjusting(statement, -1) | changes)
