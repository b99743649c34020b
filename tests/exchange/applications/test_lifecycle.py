"""Applications: submitted → (supplement requested → submitted, once) → approved, refused or withdrawn."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Key
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.parties import Offer, check_one_succeeded, count_entries, offer_codes


@pytest.fixture
async def offer(settings: Settings) -> AsyncIterator[Offer]:
    async with start_filled(settings, offer_codes) as offer:
        yield offer


async def test_a_supplement_is_asked_for_once(offer: Offer) -> None:
    exchange, owner, consumer, dataset = offer
    target = f"/api/v1/applications/{(await exchange.apply(consumer, dataset))['id']}"
    supplemented = await exchange.call_ok(
        owner.steward, "POST", f"{target}/supplement-request", {"missing": "使用依据的条款"}
    )
    assert supplemented["state"] == "supplement_requested"
    for verb, body in (("refusal", {"reasons": "不全"}), ("supplement-request", {"missing": "x"})):
        answer = await exchange.call(owner.steward, "POST", f"{target}/{verb}", body)
        assert (answer.problem, answer.json["state"]) == ("conflict", "supplement_requested")
    supplied = await exchange.call_ok(consumer.steward, "POST", f"{target}/supplement", {"supplement": "第十二条"})
    assert (supplied["state"], supplied["supplement"]) == ("submitted", "第十二条")
    repeated = await exchange.call(owner.steward, "POST", f"{target}/supplement-request", {"missing": "还有"})
    assert repeated.problem == "conflict"
    refused = await exchange.call_ok(owner.steward, "POST", f"{target}/refusal", {"reasons": "目的不符"})
    assert (refused["state"], refused["reasons"]) == ("refused", "目的不符")
    late: tuple[tuple[str, Key, Any], ...] = (
        ("approval", owner.steward, {}),
        ("refusal", owner.steward, {"reasons": "x"}),
        ("withdrawal", consumer.steward, None),
        ("supplement", consumer.steward, {"supplement": "x"}),
    )
    for verb, key, body in late:
        assert (await exchange.call(key, "POST", f"{target}/{verb}", body)).problem == "conflict"


async def test_what_people_wrote_is_not_on_the_ledger(offer: Offer) -> None:
    exchange, owner, consumer, dataset = offer
    application = await exchange.apply(consumer, dataset, scenario="张三的申请", basis="关于张三的规定")
    await exchange.call_ok(
        owner.steward, "POST", f"/api/v1/applications/{application['id']}/refusal", {"reasons": "张三不符"}
    )
    assert all("张三" not in str(entry) for entry in await exchange.read_entries())


async def test_two_decisions_at_once_conclude_one_agreement(offer: Offer) -> None:
    exchange, owner, consumer, dataset = offer
    target = f"/api/v1/applications/{(await exchange.apply(consumer, dataset))['id']}"
    calls = [exchange.call(owner.steward, "POST", f"{target}/approval", {}) for _ in range(3)]
    calls.append(exchange.call(owner.steward, "POST", f"{target}/refusal", {"reasons": "x"}))
    calls.append(exchange.call(consumer.steward, "POST", f"{target}/withdrawal"))
    check_one_succeeded(await asyncio.gather(*calls))
    ends = ("agreement.concluded", "application.refused", "application.withdrawn")
    assert sum([await count_entries(exchange, type_) for type_ in ends]) == 1
    agreements = await exchange.call_ok(owner.steward, "GET", "/api/v1/agreements")
    assert len(agreements) == await count_entries(exchange, "agreement.concluded")
