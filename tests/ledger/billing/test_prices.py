"""Price documents are read strictly, and make the same lines everywhere, each rounded once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.billing import prices
from ledger.billing.money import EXPONENTS, priced, reversed_portion, round_ratio
from ledger.billing.prices import Price, Quantities, read_price
from ledger.billing.reading import Unpriced
from ledger.format import canonical

amounts = st.integers(0, 10**9)
unit_prices = st.integers(0, 10**7)
units = st.sampled_from(["call", "record"])


@st.composite
def tiered(draw: st.DrawFn) -> dict[str, Any]:
    ends = sorted(draw(st.sets(st.integers(1, 5000), max_size=4)))
    return {
        "kind": "tiered",
        "unit": draw(units),
        "tiers": [{"up_to": end, "unit_price": draw(unit_prices)} for end in [*ends, None]],
    }


plain_models = st.one_of(
    st.just({"kind": "free"}),
    st.fixed_dictionaries({"kind": st.sampled_from(["one_off", "subscription"]), "amount": amounts}),
    st.fixed_dictionaries({"kind": st.sampled_from(["per_call", "per_record"]), "unit_price": unit_prices}),
    tiered(),
    st.fixed_dictionaries(
        {
            "kind": st.just("package"),
            "unit": units,
            "amount": amounts,
            "quota": st.integers(1, 5000),
            "unit_price": unit_prices,
        }
    ),
    st.fixed_dictionaries({"kind": st.just("revenue_share"), "basis_points": st.integers(1, 10_000)}),
)
models = plain_models | st.fixed_dictionaries(
    {"kind": st.just("trial"), "until": st.just("2026-12-31T16:00:00.000000Z"), "then": plain_models}
)
documents = st.fixed_dictionaries(
    {
        "aborted": st.sampled_from(["free", "as_delivered"]),
        "currency": st.sampled_from(sorted(EXPONENTS)),
        "fee": st.integers(0, 10_000),
        "model": models,
        "repeat_window": st.integers(0, 86_400),
        "rules": st.just("usage-1"),
        "tax": st.integers(0, 10_000),
        "v": st.just(1),
    }
)
quantities = st.builds(
    Quantities,
    calls=st.integers(0, 10_000),
    records=st.integers(0, 10_000),
    revenue=amounts,
    statement=st.integers(1, 3),
    in_trial=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    is_trial_over=st.booleans(),
)


def document(**model: Any) -> dict[str, Any]:
    return Price(prices.Free()).document() | {"model": model}


@given(documents)
def test_a_document_is_read_and_written_without_a_change(given: dict[str, Any]) -> None:
    price = read_price(given)
    assert canonical.dumps(price.document()) == canonical.dumps(given)
    assert read_price(canonical.loads(canonical.dumps(given))).digest == price.digest


@given(documents, quantities)
def test_no_line_is_negative_and_every_priced_line_is_its_quantity_rounded_once(
    given: dict[str, Any], used: Quantities
) -> None:
    price = read_price(given)
    for line in price.lines(used):
        assert line.amount >= 0
        if line.unit_price is not None:
            exact = line.quantity * line.unit_price
            scale = 10 ** (6 - EXPONENTS[price.currency])
            assert abs(exact - line.amount * scale) * 2 <= scale
        assert 0 <= price.fee_on(line.amount) <= line.amount


@given(tiered(), st.integers(0, 10_000))
def test_the_quantities_of_the_tiers_add_up_to_what_was_used(model: dict[str, Any], used: int) -> None:
    lines = read_price(document(**model)).lines(Quantities(calls=used, records=used))
    assert sum(line.quantity for line in lines) == used


@given(st.integers(1, 10**9), st.integers(0, 10**8), st.lists(st.integers(1, 10**6), max_size=20))
def test_the_tax_of_refunds_in_any_steps_adds_up_to_the_line_s_tax(whole: int, tax: int, steps: list[int]) -> None:
    before, returned = 0, 0
    for step in [*steps, whole]:
        now = min(step, whole - before)
        back = reversed_portion(tax, whole=whole, before=before, now=now)
        assert back >= 0
        before, returned = before + now, returned + back
    assert (before, returned) == (whole, tax)


def test_each_model_makes_the_lines_that_it_names() -> None:
    used = Quantities(calls=12, records=2500, revenue=1_000_05, statement=2, in_trial=(3, 70))
    tiers = [{"up_to": 1000, "unit_price": 2000}, {"up_to": None, "unit_price": 1000}]
    package = {"kind": "package", "unit": "record", "amount": 900, "quota": 2000, "unit_price": 3000}
    cases: list[tuple[dict[str, Any], list[tuple[str, int, int]]]] = [
        ({"kind": "free"}, []),
        ({"kind": "one_off", "amount": 5}, []),
        ({"kind": "subscription", "amount": 5}, [("subscription", 1, 5)]),
        ({"kind": "per_call", "unit_price": 1_500_000}, [("per_call", 12, 1800)]),
        ({"kind": "per_record", "unit_price": 2000}, [("per_record", 2500, 500)]),
        ({"kind": "tiered", "unit": "record", "tiers": tiers}, [("tier_1", 1000, 200), ("tier_2", 1500, 150)]),
        (package, [("package", 1, 900), ("beyond_quota", 500, 150)]),
        ({"kind": "revenue_share", "basis_points": 1000}, [("revenue_share", 100_005, 10_001)]),
    ]
    for model, lines in cases:
        assert [(line.code, line.quantity, line.amount) for line in read_price(document(**model)).lines(used)] == lines
        trial = {"kind": "trial", "until": "2026-12-31T16:00:00.000000Z", "then": model}
        tried = read_price(document(**trial)).lines(used)
        assert [(line.code, line.quantity, line.amount) for line in tried] == [
            ("trial_call", 3, 0),
            ("trial_record", 70, 0),
            *lines,
        ]
    assert read_price(document(kind="one_off", amount=5)).lines(Quantities())[0].amount == 5


def test_many_small_answers_are_rounded_once() -> None:
    assert priced(200_616, 1237, "CNY") == 24_816
    assert 100_000 * priced(1, 1237, "CNY") == 0
    assert priced(3, 500_000, "JPY") == 2
    assert [round_ratio(numerator, 2) for numerator in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]


@pytest.mark.parametrize(
    ("model", "pointer"),
    [
        ({}, "/model/kind"),
        ({"kind": "gift"}, "/model/kind"),
        ({"kind": ["free"]}, "/model/kind"),
        ({"kind": "free", "amount": 1}, "/model/amount"),
        ({"kind": "one_off"}, "/model/amount"),
        ({"kind": "one_off", "amount": -1}, "/model/amount"),
        ({"kind": "one_off", "amount": True}, "/model/amount"),
        ({"kind": "per_call", "unit_price": 1.5}, "/model/unit_price"),
        ({"kind": "per_call", "unit_price": 10**15 + 1}, "/model/unit_price"),
        ({"kind": "tiered", "unit": "byte", "tiers": []}, "/model/tiers"),
        ({"kind": "tiered", "unit": "call", "tiers": [{"up_to": 5, "unit_price": 1}]}, "/model/tiers/0/up_to"),
        (
            {
                "kind": "tiered",
                "unit": "call",
                "tiers": [
                    {"up_to": 5, "unit_price": 1},
                    {"up_to": 5, "unit_price": 1},
                    {"up_to": None, "unit_price": 1},
                ],
            },
            "/model/tiers/1/up_to",
        ),
        ({"kind": "revenue_share", "basis_points": 10_001}, "/model/basis_points"),
        ({"kind": "trial", "until": "2026-13-31T16:00:00.000000Z", "then": {"kind": "free"}}, "/model/until"),
        (
            {
                "kind": "trial",
                "until": "2026-12-31T16:00:00.000000Z",
                "then": {"kind": "trial", "until": "2026-12-31T16:00:00.000000Z", "then": {"kind": "free"}},
            },
            "/model/then/kind",
        ),
    ],
)
def test_a_model_that_is_not_valid_is_refused_with_its_place(model: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Unpriced) as refused:
        read_price(document(**model))
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"currency": "XAU"}, "/currency"),
        ({"v": 2}, "/v"),
        ({"tax": 10_001}, "/tax"),
        ({"rules": "usage-9"}, "/rules"),
        ({"aborted": None}, "/aborted"),
        ({"discount": 1}, "/discount"),
    ],
)
def test_a_document_that_is_not_valid_is_refused_with_its_place(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Unpriced) as refused:
        read_price(Price(prices.Free()).document() | change)
    assert refused.value.pointer == pointer
