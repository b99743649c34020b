"""From a listing to an accepted delivery, and every way that an order ends."""

import asyncio
import hashlib
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from exchange.messages.service import TITLES
from exchange.trading.listings.gate import GATE
from exchange.trading.orders.lifecycle import ORDER
from ledger.format import canonical
from tests.support.sharing.trading import LISTINGS, ORDERS, TradingExchange


async def test_from_a_listing_to_an_accepted_delivery(trading: TradingExchange) -> None:
    listing, offer = await trading.list_offer()
    assert (listing["state"], offer["left"]) == ("listed", None)
    [seen] = await trading.act_ok("other", f"{LISTINGS}?q={quote('岗位 code')}", method="GET")
    assert seen["offers"][0]["terms"]["en"][3] == "It costs CNY 1200.00 once."
    order = (await trading.place(offer)).json
    assert (order["state"], order["amount"], order["due"]) == ("placed", 120_000, 120_000)
    assert (await trading.fetch(trading.other)).status == 403
    await trading.go_ok("owner", order, "draft")
    half = await trading.sign_order("owner", order)
    assert (half["state"], half["signed_by"]) == ("half_signed", ["seller"])
    bound = await trading.sign_order("other", order)
    assert (bound["state"], bound["signed_by"]) == ("delivering", ["seller", "buyer"])
    agreement = await trading.act_ok("other", f"/agreements/{bound['agreement']}", method="GET")
    assert (agreement["lane"], agreement["fields"], agreement["contract"]) == ("trade", ["code"], bound["contract"])
    delivered = await trading.fetch(trading.other)
    assert delivered.json["rows"] == [{"code": "1"}, {"code": "2"}]
    assert (await trading.go_ok("owner", order, "deliver"))["inspect_by"] is not None
    await trading.go_ok("other", order, "accept")
    refused = await trading.go("owner", order, "settle")
    assert refused.json["lacking"] == ["everything paid that is due"]
    await trading.go_ok("owner", order, "pay", amount=120_000)
    assert (await trading.go_ok("owner", order, "settle"))["due"] == 0
    closed = await trading.go_ok("other", order, "close")
    assert (closed["state"], closed["verbs"]) == ("closed", [])
    steps = [body for body in await trading.read_entries() if body["type"].startswith("order.")]
    signed = [body for body in steps if body["type"] in ("order.signed_by_one", "order.signed")]
    assert {body["contract"] for body in signed} == {bound["contract"]}
    assert [body["side"] for body in signed] == ["seller", "buyer"]
    assert all("request" in body for body in signed)
    assert len({body["actor"]["key"] for body in signed}) == 2


async def test_a_termination_ends_deliveries_at_once(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = await trading.bind(offer, "department")
    assert (await trading.fetch(trading.department)).status == 200
    ended = await trading.go_ok("department", order, "terminate")
    assert (ended["state"], ended["verbs"]) == ("terminated", ["pay", "repay"])
    assert (await trading.fetch(trading.department)).problem == "agreement-terminated"


async def test_what_is_delivered_is_billed_by_the_contracts_price(trading: TradingExchange) -> None:
    price = {"model": {"kind": "per_record", "unit_price": 1237}}
    _, offer = await trading.list_offer(price=price, trial_days=30)
    order = await trading.bind(offer, "department")
    agreement = await trading.act_ok("department", f"/agreements/{order['agreement']}", method="GET")
    model = agreement["billing"]["model"]
    assert (model["kind"], model["then"]) == ("trial", price["model"])
    end = datetime.fromisoformat(agreement["not_before"]) + timedelta(days=30)
    assert datetime.fromisoformat(model["until"]) == end
    _, free = await trading.list_offer(price={"model": {"kind": "free"}})
    order = await trading.bind(free, "department")
    agreement = await trading.act_ok("department", f"/agreements/{order['agreement']}", method="GET")
    assert agreement["billing"] is None


async def test_a_prepaid_order_begins_with_its_payment(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer(document={"contract": {"payment": "prepaid"}})
    order = await trading.bind(offer)
    assert (order["state"], order["agreement"]) == ("awaiting_payment", None)
    assert (await trading.go("owner", order, "pay", amount=120_001)).problem == "request-invalid"
    assert (await trading.go("other", order, "pay", amount=1)).problem == "role-missing"
    half = await trading.go_ok("owner", order, "pay", amount=60_000)
    assert (half["state"], half["due"]) == ("awaiting_payment", 60_000)
    begun = await trading.go_ok("owner", order, "pay")
    assert (begun["state"], begun["due"], begun["agreement"] is None) == ("delivering", 0, False)


async def test_a_contract_is_signed_as_it_stands_once_by_each_side(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = (await trading.place(offer)).json
    target = f"{ORDERS}/{order['id']}"
    assert (await trading.act("other", f"{target}/contract", method="GET")).problem == "conflict"
    assert (await trading.act("other", f"{target}/signature", {"digest": "0" * 64})).problem == "conflict"
    await trading.go_ok("owner", order, "draft")
    contract = await trading.act_ok("other", f"{target}/contract", method="GET")
    assert hashlib.sha256(canonical.dumps(contract["document"])).hexdigest() == contract["digest"]
    assert "第十条 争议解决" in contract["text"]
    assert "一次性付费 1200.00 元" in contract["text"]
    assert (await trading.act("other", f"{target}/signature", {"digest": "0" * 64})).problem == "contract-differs"
    await trading.act_ok("other", f"{target}/signature", {"digest": contract["digest"]})
    again = await trading.act("other", f"{target}/signature", {"digest": contract["digest"]})
    assert again.json["lacking"] == ["the side that has not signed"]
    for stranger in ("department", "registrar"):
        assert (await trading.act(stranger, f"{target}/signature", {"digest": contract["digest"]})).status in (403, 404)
    answers = await asyncio.gather(
        *(trading.act("owner", f"{target}/signature", {"digest": contract["digest"]}) for _ in "ab")
    )
    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_a_dispute_freezes_what_is_disputed_and_nothing_else(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = await trading.bind(offer)
    await trading.go_ok("owner", order, "deliver")
    objected = await trading.go_ok("other", order, "object", amount=30_000)
    assert (objected["frozen"], objected["due"]) == (30_000, 90_000)
    await trading.go_ok("owner", order, "dispute")
    agreement = await trading.act_ok("other", f"/agreements/{order['agreement']}", method="GET")
    assert agreement["state"] == "active"
    assert (await trading.go_ok("owner", order, "pay", amount=90_000))["due"] == 0
    assert (await trading.go("owner", order, "pay", amount=1)).problem == "request-invalid"
    assert (await trading.go("owner", order, "resolve")).problem == "role-missing"
    assert (await trading.go("registrar", order, "resolve", amount=30_001)).problem == "request-invalid"
    resolved = await trading.go_ok("registrar", order, "resolve", amount=20_000)
    assert (resolved["state"], resolved["frozen"], resolved["reduced"], resolved["due"]) == (
        "accepted",
        0,
        20_000,
        10_000,
    )
    await trading.go_ok("owner", order, "pay", amount=10_000)
    assert (await trading.go_ok("owner", order, "settle"))["state"] == "settled"


async def test_a_refund_ends_the_agreement_and_repays_what_was_paid(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = await trading.bind(offer)
    await trading.go_ok("owner", order, "pay")
    await trading.go_ok("owner", order, "deliver")
    await trading.go_ok("other", order, "object")
    refunded = await trading.go_ok("owner", order, "refund")
    assert (refunded["refunded"], refunded["reduced"], refunded["due"]) == (120_000, 120_000, 0)
    agreement = await trading.act_ok("other", f"/agreements/{order['agreement']}", method="GET")
    assert agreement["state"] == "terminated"


async def test_silence_accepts_only_where_the_contract_says_so(trading: TradingExchange) -> None:
    orders = []
    for is_deemed in (False, True):
        _, offer = await trading.list_offer(document={"contract": {"deemed_acceptance": is_deemed}})
        orders.append(await trading.bind(offer))
        await trading.go_ok("owner", orders[-1], "deliver")
    trading.clock.move(timedelta(days=9, hours=23))
    assert await trading.end_timed() == 0
    trading.clock.move(timedelta(hours=1))
    assert await trading.end_timed() == 1
    silent, deemed = [await trading.act_ok("other", f"{ORDERS}/{order['id']}", method="GET") for order in orders]
    assert (silent["state"], deemed["state"]) == ("delivered", "deemed_accepted")
    assert (await trading.go("other", silent, "object")).json["lacking"] == ["the inspection, not over"]
    await trading.go_ok("other", silent, "accept")
    [entry] = [body for body in await trading.read_entries() if body["type"] == "order.deemed_accepted"]
    assert (entry["actor"], entry["object"]["id"]) == ({}, deemed["id"])


async def test_only_the_sides_and_the_market_operator_read_an_order(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = (await trading.place(offer)).json
    for who, status in (("owner", 200), ("other", 200), ("registrar", 200), ("auditor", 200), ("department", 404)):
        assert (await trading.act(who, f"{ORDERS}/{order['id']}", method="GET")).status == status
    assert order["id"] not in {each["id"] for each in await trading.act_ok("department", ORDERS, method="GET")}
    assert (await trading.go("department", order, "cancel")).problem == "not-found"
    assert (await trading.go("registrar", order, "cancel")).problem == "role-missing"


def test_every_step_that_is_told_has_a_title() -> None:
    assert {step.entry for step in ORDER.steps} <= TITLES.keys()


async def test_the_examples_of_the_page_work(trading: TradingExchange) -> None:
    page = (Path(__file__).parents[3] / "docs/trade.md").read_text(encoding="utf-8")
    new_listing, new_offer, new_order = map(json.loads, re.findall(r"```json\n(.*?)```", page, re.DOTALL))
    listing = await trading.act_ok("owner", LISTINGS, new_listing)
    offer = await trading.act_ok("owner", f"{LISTINGS}/{listing['id']}/offers", new_offer)
    for who, verb in (("owner", "submit"), ("registrar", "approve"), ("owner", "list")):
        assert (await trading.step(who, listing, verb)).status == 200
    order = await trading.act_ok("other", ORDERS, new_order | {"offer": offer["id"]})
    assert order["state"] == "placed"


def test_the_page_names_every_condition_of_the_gate() -> None:
    page = (Path(__file__).parents[3] / "docs/trade.md").read_text(encoding="utf-8")
    assert [condition.name for condition in GATE if f"`{condition.name}`" not in page] == []
