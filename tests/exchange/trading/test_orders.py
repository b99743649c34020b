"""From a listing to an accepted delivery, and every way that an order ends."""

from urllib.parse import quote

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
    order = await trading.bind(offer)
    assert (await trading.fetch(trading.other)).status == 200
    ended = await trading.go_ok("other", order, "terminate")
    assert ended["state"] == "terminated"
    assert (await trading.fetch(trading.other)).problem == "agreement-terminated"
    assert (await trading.act_ok("other", f"{ORDERS}/{order['id']}", method="GET"))["verbs"] == ["repay"]
