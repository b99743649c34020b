"""Orders and their agreements end together, and nothing is delivered afterwards."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.support.sharing.trading import ORDERS, TradingExchange


async def test_an_order_ends_with_its_agreement(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = await trading.bind(offer)
    await trading.go_ok("owner", order, "deliver")
    why = {"reason": "来源合同到期"}
    await trading.act_ok("owner", f"/agreements/{order['agreement']}/termination", why)
    ended = await trading.act_ok("other", f"{ORDERS}/{order['id']}", method="GET")
    assert (ended["state"], ended["verbs"], ended["due"]) == ("terminated", ["pay", "repay"], 120_000)
    assert (ended["statements"][-1]["statement"], ended["statements"][-1]["type"]) == (
        why["reason"],
        "order.terminated",
    )
    [entry] = [body for body in await entries_about(trading, order["id"]) if body["type"] == "order.terminated"]
    assert entry["side"] == "seller"
    paid = await trading.go_ok("owner", order, "pay", amount=120_000)
    assert (paid["state"], paid["due"]) == ("terminated", 0)


async def test_what_both_sides_signed_is_not_narrowed_by_one(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    order = await trading.bind(offer)
    narrowing = {"row_cap": 1, "reason": "争议"}
    refused = await trading.act("owner", f"/agreements/{order['agreement']}/narrowing", narrowing)
    assert (refused.status, refused.problem) == (409, "conflict")
    assert (await trading.fetch(trading.other)).json["rows"] == [{"code": "1"}, {"code": "2"}]


@pytest.mark.parametrize("verb", ["terminate", "refund"])
async def test_nothing_is_delivered_behind_the_end_of_an_order(trading: TradingExchange, verb: str) -> None:
    _, offer = await trading.list_offer()
    order = await trading.bind(offer, "bureau")
    await trading.go_ok("owner", order, "deliver")
    await trading.go_ok("bureau", order, "object")
    answers = await asyncio.gather(
        *(trading.fetch(trading.bureau) for _ in range(6)),
        trading.go("owner", order, verb),
        *(trading.fetch(trading.bureau) for _ in range(6)),
    )
    assert answers[6].status == 200
    assert {answer.status for answer in answers} <= {200, 403}
    assert (await trading.fetch(trading.bureau)).problem == "agreement-terminated"
    about = [body for body in await trading.read_entries() if order["agreement"] in str(body)]
    types = [body["type"] for body in about]
    assert "delivery.completed" not in types[types.index("agreement.terminated") :]


async def test_both_ends_at_once_are_one_end(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    for _ in range(3):
        order = await trading.bind(offer)
        answers = await asyncio.gather(
            trading.go("other", order, "terminate"),
            trading.act("owner", f"/agreements/{order['agreement']}/termination", {"reason": "终止"}),
        )
        assert sorted(answer.status for answer in answers) in ([200, 409], [200, 200])
        types = Counter(body["type"] for body in await entries_about(trading, order["id"], order["agreement"]))
        assert (types["order.terminated"], types["agreement.terminated"]) == (1, 1)


async def entries_about(trading: TradingExchange, *things: str) -> list[dict[str, Any]]:
    return [body for body in await trading.read_entries() if body.get("object", {}).get("id") in things]
