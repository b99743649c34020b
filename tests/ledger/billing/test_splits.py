"""Splits add up exactly, ties go by the table's order, and chains of refunds end at zero."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.billing.reading import Unpriced
from ledger.billing.splits import apportion, read_table, split_refund


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    weights = draw(st.lists(st.integers(1, 1000), min_size=1, max_size=8))
    points = apportion(10_000 - len(weights), weights)
    shares = [{"holder": f"holder-{place}", "basis_points": point + 1} for place, point in enumerate(points)]
    return {"shares": shares, "version": 1}


def equal(count: int) -> dict[str, Any]:
    points = apportion(10_000, [1] * count)
    return {
        "shares": [{"holder": f"holder-{place}", "basis_points": point} for place, point in enumerate(points)],
        "version": 1,
    }


def test_t17_a_hundred_yuan_among_three_equal_holders_is_split_exactly_and_the_refund_mirrors_it() -> None:
    table = read_table(equal(3))
    assert [points for _, points in table.shares] == [3334, 3333, 3333]
    parts = table.split(100_00)
    assert parts == (3334, 3333, 3333)
    assert split_refund(100_00, parts) == parts


def test_ties_of_equal_weights_go_by_order() -> None:
    assert apportion(2, [1, 1, 1]) == (1, 1, 0)
    assert apportion(100_00, [1, 1, 1]) == (3334, 3333, 3333)


@given(tables(), st.integers(0, 10**12))
def test_the_parts_add_up_and_none_is_negative(document: dict[str, Any], amount: int) -> None:
    table = read_table(document)
    parts = table.split(amount)
    assert sum(parts) == amount
    assert min(parts) >= 0
    for part, (_, points) in zip(parts, table.shares, strict=True):
        assert abs(part * 10_000 - amount * points) < 10_000
    assert read_table(table.document()) == table


@given(tables(), st.integers(1, 10**6), st.lists(st.integers(1, 10**5), max_size=30))
def test_chains_of_refunds_end_at_zero_and_leave_nobody_below_it(
    document: dict[str, Any], amount: int, steps: list[int]
) -> None:
    held = read_table(document).split(amount)
    for step in [*steps, amount]:
        now = min(step, sum(held))
        back = split_refund(now, held)
        assert sum(back) == now
        held = tuple(have - less for have, less in zip(held, back, strict=True))
        assert min(held) >= 0
    assert not any(held)


def test_one_fen_more_may_give_a_holder_less_so_a_refund_is_no_difference_of_splits() -> None:
    weights = [2137, 6780, 793, 290]
    assert (apportion(16, weights), apportion(17, weights)) == ((3, 11, 1, 1), (4, 12, 1, 0))
    assert min(split_refund(1, apportion(17, weights))) == 0


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({"shares": []}, "/version"),
        ({"shares": [], "version": 1}, "/shares"),
        ({"shares": [{"holder": "a", "basis_points": 9999}], "version": 1}, "/shares"),
        ({"shares": [{"holder": "a", "basis_points": 5000}] * 2, "version": 1}, "/shares"),
        ({"shares": [{"holder": "", "basis_points": 10_000}], "version": 1}, "/shares/0/holder"),
        ({"shares": [{"holder": "a", "basis_points": 10_000}], "version": 0}, "/version"),
    ],
)
def test_a_table_that_is_not_valid_is_refused_with_its_place(document: Any, pointer: str) -> None:
    with pytest.raises(Unpriced) as refused:
        read_table(document)
    assert refused.value.pointer == pointer


def test_no_more_is_refunded_than_the_holders_have_and_nothing_is_split_without_weights() -> None:
    with pytest.raises(ValueError, match="exceed"):
        split_refund(11, (5, 5))
    for weights in ([0, 0], [1, -1]):
        with pytest.raises(ValueError, match="not negative"):
            apportion(1, weights)
    assert split_refund(0, (0, 0)) == (0, 0)
