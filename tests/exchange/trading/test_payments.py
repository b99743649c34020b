"""Payments and signatures that are stated in odd ways, and payments of what can no longer begin."""

import json
from typing import Any

import pytest

from tests.support.sharing.trading import LISTINGS, ORDERS, TradingExchange, listing_document, offer_document


async def test_what_was_repaid_can_be_paid_again(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = await trading.bind(offer)
    await trading.go_ok("owner", order, "pay")
    await trading.go_ok("owner", order, "deliver")
    await trading.go_ok("other", order, "accept")
    assert (await trading.go("owner", order, "pay")).problem == "request-invalid"  # nothing is due
    assert (await trading.go("owner", order, "repay", amount=0)).problem == "request-invalid"
    assert (await trading.go_ok("owner", order, "repay", amount=50))["due"] == 50
    for odd in (True, "1", 1.5, 2**63):
        assert (await trading.go("owner", order, "pay", amount=odd)).problem == "request-invalid"
    again = await trading.go_ok("owner", order, "pay")
    assert (again["paid"], again["refunded"], again["due"]) == (120_050, 50, 0)


async def test_a_payment_of_what_cannot_begin_is_recorded_and_can_be_repaid(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer(document={"contract": {"payment": "prepaid"}})
    order = await trading.bind(offer)
    await trading.publish(terms={"purposes": ["policy-research"]})
    paid = await trading.go_ok("owner", order, "pay")
    assert (paid["state"], paid["paid"], paid["due"], paid["agreement"]) == ("awaiting_payment", 120_000, 0, None)
    assert (await trading.go("owner", order, "pay")).problem == "outside-terms"
    await trading.publish()
    begun = await trading.go_ok("owner", order, "pay")
    assert (begun["state"], begun["paid"]) == ("delivering", 120_000)
    types = [body["type"] for body in await trading.read_entries() if body.get("object", {}).get("id") == order["id"]]
    assert types[-3:] == ["order.payment_awaited", "order.paid", "order.begun"]


@pytest.mark.parametrize("form", ["utf-16", "utf-8-sig"])
async def test_a_signed_body_reads_the_same_everywhere(trading: TradingExchange, form: str) -> None:
    _, offer = await trading.list_offer()
    order = (await trading.place(offer)).json
    await trading.go_ok("owner", order, "draft")
    target = f"{ORDERS}/{order['id']}"
    digest = (await trading.act_ok("other", f"{target}/contract", method="GET"))["digest"]
    text = json.dumps({"digest": digest})
    key, path = trading.key_of("other"), f"/api/v1{target}/signature"
    refused = await trading.call(key, "POST", path, text.encode(form), content_type="application/json")
    assert (refused.status, refused.problem) == (422, "request-invalid")
    assert (await trading.call(key, "POST", path, text.encode(), content_type="application/json")).status == 200


async def test_listings_do_not_grow_without_end(trading: TradingExchange) -> None:
    long: dict[str, Any] = listing_document(sample=[{"code": "x" * 70_000}])
    refused = await trading.act("owner", LISTINGS, {"dataset": trading.dataset["id"], "document": long})
    assert (refused.problem, refused.json["errors"][0]["at"]) == ("request-invalid", "body/document")
    listing = await trading.draft_listing()
    for _ in range(100):
        await trading.open_offer(listing)
    refused = await trading.act("owner", f"{LISTINGS}/{listing['id']}/offers", offer_document())
    assert refused.problem == "conflict"
