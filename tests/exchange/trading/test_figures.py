"""Figures of the market: they are the ledger's, name nobody, and count no amount that no digest proves."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from exchange.audit.queries import Criteria, Tally, present, tally
from exchange.audit.tasks import catch_up
from exchange.calendar.counting import day_of
from exchange.trading.figures.days import day_out
from exchange.trading.figures.reading import Entry, Sum, read
from tests.support.exchanges.exchange import URL
from tests.support.ledgers.wholeness import select
from tests.support.sharing.trading import LISTINGS, TradingExchange

DAY = date(2026, 11, 2)
OPERATED = {"basis": "authorised_operation", "reference": "3301002026000001"}


def tallies(*parties: tuple[str, str], type_: str = "order.placed") -> list[Tally]:
    return [Tally(DAY, type_, seller, buyer, 2) for seller, buyer in parties]


def sums(*amounts: int) -> list[Sum]:
    """Payments of so many pairs of a seller and a buyer."""
    bodies = [{"type": "order.paid", "seller": f"s{n}", "consumer": f"b{n}"} for n in range(len(amounts))]
    return [
        Sum(Entry(n, "", body), "CNY", amount) for n, (body, amount) in enumerate(zip(bodies, amounts, strict=True))
    ]


@pytest.mark.parametrize(
    ("parties", "shown"),
    [
        ([], 0),
        ([("a", "x"), ("b", "y")], None),
        ([("a", "x"), ("a", "y"), ("a", "z")], None),  # one seller's turnover
        ([("a", "x"), ("b", "x"), ("c", "x")], None),
        ([("a", "x"), ("b", "y"), ("c", "z")], 6),
    ],
)
def test_what_few_make_is_not_shown(parties: Sequence[tuple[str, str]], shown: int | None) -> None:
    assert day_out(DAY, tallies(*parties), []).placed == shown


def test_what_one_makes_almost_alone_has_no_value() -> None:
    parties = tallies(("s0", "b0"), ("s1", "b1"), ("s2", "b2"), type_="order.paid")
    [even] = day_out(DAY, parties, sums(40, 30, 30)).values
    [lone] = day_out(DAY, parties, sums(98, 1, 1)).values
    [few] = day_out(DAY, parties[:2], sums(40, 30)).values
    assert (even.paid, even.repaid, lone.paid, few.paid) == (100, 0, None, None)


async def test_days_that_are_over_are_shown_to_everybody(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = await trading.bind(offer)
    await trading.go_ok("owner", order, "pay")
    today = day_of(trading.clock.now())
    too_early = await trading.client.get(f"{URL}/market/days?until={today}")
    assert (too_early.status_code, too_early.json()["type"]) == (422, "/problems/request-invalid")
    trading.clock.move(timedelta(days=1))
    shown = (await trading.client.get(f"{URL}/market/days?since={today}&until={today}")).json()
    [day] = shown["days"]
    assert (day["day"], day["placed"], day["sellers"], day["ended"]) == (today.isoformat(), None, None, 0)
    assert day["values"] == [{"currency": "CNY", "contracted": None, "paid": None, "repaid": 0}]
    assert len((await trading.client.get(f"{URL}/market/days")).json()["days"]) == 30
    for query in (
        "since=2026-02-30",
        "until=9999-12-31",
        f"since={today}&until=2020-01-01",
        "since=0001-01-01",
        "until=0001-01-02",
    ):
        assert (await trading.client.get(f"{URL}/market/days?{query}")).status_code == 422


async def test_an_operator_discloses_its_products_and_charges(trading: TradingExchange) -> None:
    year = day_of(trading.clock.now()).year
    document = {"is_public_data": True, "public_data": OPERATED, "title": {"zh": "=岗位", "en": "Positions"}}
    listing, offer = await trading.list_offer(document=document)
    private = await trading.open_offer(listing, buyers=[trading.department.id])
    order = await trading.bind(offer)
    await trading.go_ok("owner", order, "pay", amount=70_000)
    await trading.bind(private, "department")
    await trading.list_offer()  # no product of an authorised operation
    shown = await disclosure_of(trading, year)
    [product] = shown["products"]
    assert (product["listing"], product["registration"], product["state"]) == (
        listing["id"],
        OPERATED["reference"],
        "listed",
    )
    assert [each["offer"] for each in product["offers"]] == [offer["id"]]
    assert (product["orders"], product["buyers"]) == (2, 2)
    assert product["charges"] == [{"currency": "CNY", "contracted": 240_000, "paid": 70_000, "repaid": 0}]
    assert (shown["unproven"], shown["due"], shown["is_over"]) == ([], f"{year + 1}-03-31", False)
    bodies = await trading.read_entries()
    counted = [bodies[each["index"]]["type"] for each in shown["entries"]]
    assert [each["index"] for each in shown["entries"]] == product["entries"]
    assert sorted(counted) == sorted(
        [f"market_listing.{step}" for step in ("drafted", "submitted", "approved", "listed")]
        + ["market_offer.opened", "order.signed", "order.paid", "order.signed"]
    )
    target = f"/api/v1/market/disclosures/{year}/table.csv"
    answer = await trading.call(trading.key_of("owner"), "GET", target)
    [row] = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["title_zh"], row["paid"], row["operator_code"]) == ("'=岗位", "70000", trading.codes["owner"])
    assert (await disclosure_of(trading, year - 1))["products"] == []
    await change(trading, "UPDATE trade_orders SET amount = amount, statements = '[]' WHERE id::text = $1", order["id"])
    altered = await disclosure_of(trading, year)
    assert [bodies[index]["type"] for index in altered["unproven"]] == ["order.paid"]
    assert altered["products"][0]["charges"][0]["paid"] == 0
    for who, status in (("other", 404), ("registrar", 200), ("auditor", 200)):
        query = f"/api/v1/market/disclosures/{year}?seller={trading.owner.id}"
        assert (await trading.call(trading.key_of(who), "GET", query)).status == status


async def disclosure_of(trading: TradingExchange, year: int) -> Any:
    return await trading.act_ok("owner", f"/market/disclosures/{year}", method="GET")


async def change(trading: TradingExchange, statement: str, *values: str) -> None:
    """Change rows behind the exchange's back."""
    await select(trading, statement, *values)


async def test_facts_are_measured_and_not_stated(trading: TradingExchange) -> None:
    listing, offer = await trading.list_offer()
    target = f"{LISTINGS}/{listing['id']}/facts"
    facts = await trading.act_ok("other", target, method="GET")
    bodies = await trading.read_entries()
    assert (bodies[facts["published"]]["type"], bodies[facts["imported"]]["type"]) == (
        "dataset.published",
        "source.imported",
    )
    assert (facts["published_at"] is None, facts["corrections_filed"], facts["corrections_made"]) == (False, 0, 0)
    for who in ("other", "department", "bureau"):
        await trading.bind(offer, who)
        for _ in range(4):
            assert (await trading.fetch(getattr(trading, who))).status == 200
    assert (await trading.act_ok("department", target, method="GET"))["availability"] == 10_000
    draft = await trading.draft_listing()
    assert (await trading.act("other", f"{LISTINGS}/{draft['id']}/facts", method="GET")).problem == "not-found"


async def test_days_count_every_entry_once(trading: TradingExchange) -> None:
    await trading.bind((await trading.list_offer())[1])
    await catch_up(trading.runtime)
    bodies = [body for body in await trading.read_entries() if body["type"].startswith("order.")]
    async with trading.runtime.database.sessions() as session:
        ledger = await present(session)
        tallied = await tally(session, ledger, Criteria({}, prefix="order."))
        entries = await read(session, ledger, Criteria({}, prefix="order."))
    assert [entry.body for entry in entries] == bodies
    by_day = Counter(
        (day_of(datetime.fromisoformat(body["at"])), body["type"], body["seller"], body["consumer"]) for body in bodies
    )
    assert {(each.day, each.type, each.owner, each.consumer): each.count for each in tallied} == by_day
