"""Places of limited offers: never oversold, given back when an order is cancelled, and an order sent again is one order."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.support.exchanges.exchange import Answer
from tests.support.sharing.trading import LISTINGS, OFFERS, ORDERS, TradingExchange


async def test_fifty_orders_of_the_last_places_with_retries_and_cancellations(trading: TradingExchange) -> None:
    listing, offer = await trading.list_offer(places=10, unsigned=100)
    buyers = ["other", "department", "bureau"]

    async def buy(number: int) -> list[Answer]:
        """Order twice at once under one reference, and cancel every fifth order."""
        who = buyers[number % 3]
        answers = await asyncio.gather(*(trading.place(offer, who, reference=f"LAST-{number}") for _ in "ab"))
        placed = [answer for answer in answers if answer.status == 201]
        if placed and number % 5 == 0:
            await trading.go_ok(who, placed[0].json, "cancel")
            return []
        return list(answers)

    answers = [answer for pair in await asyncio.gather(*(buy(number) for number in range(25))) for answer in pair]
    assert {answer.status for answer in answers} <= {201, 409}
    assert {answer.problem for answer in answers if answer.status == 409} <= {"offer-places-taken"}
    placed = {answer.json["id"] for answer in answers if answer.status == 201}
    [seen] = [each for each in await _offers(trading, listing) if each["id"] == offer["id"]]
    assert len(placed) <= 10
    assert seen["left"] == 10 - len(placed)
    for number in range(seen["left"] + 1):  # whatever the order of the race was, exactly the places left are there
        answer = await trading.place(offer)
        assert answer.status == (201 if number < seen["left"] else 409)


async def _offers(trading: TradingExchange, listing: dict[str, Any]) -> list[dict[str, Any]]:
    offers: list[dict[str, Any]] = (await trading.act_ok("owner", f"{LISTINGS}/{listing['id']}", method="GET"))[
        "offers"
    ]
    return offers


async def test_an_order_sent_again_is_the_same_and_its_reference_no_other(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer(places=1)
    _, further = await trading.list_offer()
    first = await trading.place(offer, reference="SAME")
    again = await trading.place(offer, reference="SAME")
    assert first.json == again.json
    assert (await trading.place(further, reference="SAME")).problem == "conflict"
    assert (await trading.place(offer)).problem == "offer-places-taken"


async def test_another_request_under_the_same_reference_is_refused(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    assert (await trading.place(offer, reference="STATED")).status == 201
    refused = await trading.place(offer, reference="STATED", scope="对外")
    assert (refused.problem, "another order" in refused.json["detail"]) == ("conflict", True)


async def test_one_buyer_holds_one_place_of_a_limited_offer_until_it_signs(trading: TradingExchange) -> None:
    listing, offer = await trading.list_offer(places=3)
    answers = await asyncio.gather(*(trading.place(offer) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert (await _offers(trading, listing))[0]["left"] == 2
    [order] = [answer.json for answer in answers if answer.status == 201]
    refused = await trading.place(offer)
    assert (refused.problem, refused.json["orders"]) == ("conflict", [order["id"]])
    assert (await trading.place(offer, "department")).status == 201
    await trading.go_ok("other", order, "cancel")
    bound = await trading.bind(offer)
    assert bound["state"] == "delivering"
    assert (await trading.place(offer)).status == 201  # what is signed is held no more


async def test_an_unsigned_order_lapses_and_its_place_is_free(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer(places=1)
    order = (await trading.place(offer)).json
    await trading.go_ok("owner", order, "draft")
    await trading.sign_order("owner", order)
    contract = await trading.act_ok("other", f"{ORDERS}/{order['id']}/contract", method="GET")
    trading.clock.move(timedelta(days=30))
    late = await trading.act("other", f"{ORDERS}/{order['id']}/signature", {"digest": contract["digest"]})
    assert late.json["lacking"] == ["the time to sign, not over"]
    assert await trading.end_timed() >= 1
    assert (await trading.go("other", order, "cancel")).json["state"] == "cancelled"
    assert (await trading.place(offer)).status == 201


async def test_a_private_offer_is_there_for_its_buyers_only(trading: TradingExchange) -> None:
    listing, offer = await trading.list_offer(buyers=[trading.other.id])
    seen = {}
    for who in ("owner", "other", "department", "registrar"):
        offers = (await trading.act_ok(who, f"{LISTINGS}/{listing['id']}", method="GET"))["offers"]
        seen[who] = [each["buyers"] for each in offers]
    assert seen == {"owner": [[trading.other.id]], "other": [[]], "department": [], "registrar": [[trading.other.id]]}
    assert (await trading.place(offer, "department")).problem == "not-found"
    assert (await trading.place(offer)).status == 201


async def test_a_trial_is_had_once_by_each_buyer(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer(trial_days=30)
    answers = await asyncio.gather(*(trading.place(offer) for _ in "ab"))
    assert sorted(answer.status for answer in answers) == [201, 409]
    assert (await trading.place(offer, "department")).json["amount"] == 0


async def test_what_is_closed_suspended_or_delisted_takes_no_orders(trading: TradingExchange) -> None:
    listing, offer = await trading.list_offer()
    await trading.act_ok("owner", f"{OFFERS}/{offer['id']}/closing")
    refused = await trading.place(offer)
    assert refused.json["lacking"] == ["an offer that takes orders"]
    other = await trading.open_offer(listing)
    assert (await trading.step("registrar", listing, "suspend")).status == 200
    assert (await trading.place(other)).json["lacking"] == ["an offer that takes orders"]
    assert (await trading.step("registrar", listing, "resume")).status == 200
    half = (await trading.place(other, "department")).json
    await trading.go_ok("owner", half, "draft")
    await trading.sign_order("owner", half)
    contract = await trading.act_ok("department", f"{ORDERS}/{half['id']}/contract", method="GET")
    order = await trading.bind(other)
    assert (await trading.step("registrar", listing, "suspend")).status == 200
    late = await trading.act("department", f"{ORDERS}/{half['id']}/signature", {"digest": contract["digest"]})
    assert late.json["lacking"] == ["a listing that is not suspended"]
    assert (await trading.step("registrar", listing, "resume")).status == 200
    assert (await trading.step("owner", listing, "delist")).status == 200
    assert (await trading.place(other)).problem == "conflict"
    assert (await trading.go_ok("owner", order, "deliver"))["state"] == "delivered"


async def test_departments_and_owners_buy_nothing_of_their_own_kind(trading: TradingExchange) -> None:
    _, offer = await trading.list_offer()
    assert (await trading.place(offer, "owner")).problem == "conflict"
