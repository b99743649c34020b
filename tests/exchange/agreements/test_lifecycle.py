"""Agreements: active ⇄ suspended, terminated by either side, expired by time; their lane and their grant."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from exchange.agreements.tasks import expire_overdue
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, document_for
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.parties import CSV, Offer, admit_separated, check_one_succeeded, count_entries, offer_codes


@pytest.fixture
async def offer(settings: Settings) -> AsyncIterator[Offer]:
    async with start_filled(settings, offer_codes) as offer:
        yield offer


@pytest.mark.parametrize(
    ("provider", "consumer", "lane"),
    [
        ("department", "department", "government"),
        ("department", "enterprise", "operation"),
        ("enterprise", "department", "trade"),
        ("enterprise", "institution", "trade"),
    ],
)
async def test_the_lane_follows_from_the_two_sides(exchange: Exchange, provider: str, consumer: str, lane: str) -> None:
    owner = await exchange.admit("one", kind=provider, level="city")
    other = await exchange.admit("other", kind=consumer, level="city")
    dataset = await exchange.publish_dataset(owner, await exchange.register_file(owner, CSV), "codes")
    assert (await exchange.conclude_agreement(other, owner, dataset))["lane"] == lane


async def test_a_grant_narrows_what_was_asked(offer: Offer) -> None:
    exchange, owner, consumer, dataset = offer
    only = {"field": "code", "op": "eq", "value": dataset_value(dataset)}
    agreement = await exchange.conclude_agreement(
        consumer, owner, dataset, fields=["code"], row_cap=1, row_filter=only, masks={"code": {"kind": "hash"}}
    )
    assert (agreement["fields"], agreement["row_cap"], agreement["masks"]) == (["code"], 1, {"code": {"kind": "hash"}})
    answer = await exchange.call(
        consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/codes"}, purpose="talent-service"
    )
    [row] = answer.json["rows"]
    assert set(row) == {"code"}
    assert len(row["code"]) == 64


def dataset_value(dataset: dict[str, Any]) -> Any:
    """A value of the field `code` in the type that was inferred."""
    [field] = [field for field in dataset["document"]["fields"] if field["name"] == "code"]
    return 1 if field["type"] == "integer" else "1"


async def test_an_agreements_life(offer: Offer) -> None:
    exchange, owner, consumer, dataset = offer
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)
    target = f"/api/v1/agreements/{agreement['id']}"
    reason = {"reason": "核查"}
    for step, state in (("suspension", "suspended"), ("resumption", "active"), ("suspension", "suspended")):
        assert (await exchange.call_ok(owner.steward, "POST", f"{target}/{step}", reason))["state"] == state
    assert (await exchange.call_ok(consumer.steward, "POST", f"{target}/termination", reason))["state"] == "terminated"
    for step in ("suspension", "resumption", "termination"):
        answer = await exchange.call(owner.steward, "POST", f"{target}/{step}", reason)
        assert (answer.problem, answer.json["state"]) == ("conflict", "terminated")
    current = await exchange.call_ok(consumer.steward, "GET", target)
    changed = {"state"}
    assert {name: value for name, value in current.items() if name not in changed} == {
        name: value for name, value in agreement.items() if name not in changed
    }


async def test_who_suspended_does_not_resume_where_duties_are_separated(exchange: Exchange) -> None:
    """The last suspension counts: the approver resumes the steward's, and not one of their own."""
    owner, keys = await admit_separated(exchange)
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_file(owner, CSV)
    body = {"source": source["id"], "handle": "codes", "document": document_for(source["description"]["fields"])}
    draft = await exchange.call_ok(keys["steward"], "POST", "/api/v1/datasets", body)
    dataset = await exchange.call_ok(keys["approver"], "POST", f"/api/v1/datasets/{draft['id']}/publication")
    application = await exchange.apply(consumer, dataset)
    approval = f"/api/v1/applications/{application['id']}/approval"
    agreement = (await exchange.call_ok(keys["approver"], "POST", approval, {}))["agreement"]
    target, why = f"/api/v1/agreements/{agreement['id']}", {"reason": "核查"}
    for who, other in (("steward", "approver"), ("approver", "steward")):
        await exchange.call_ok(keys[who], "POST", f"{target}/suspension", why)
        refused = await exchange.call(keys[who], "POST", f"{target}/resumption", why)
        assert (refused.status, refused.problem) == (403, "second-person-needed")
        by_consumer = await exchange.call(consumer.steward, "POST", f"{target}/resumption", why)
        assert by_consumer.problem == "role-missing"
        assert (await exchange.call_ok(keys[other], "POST", f"{target}/resumption", why))["state"] == "active"


async def test_an_agreement_suspended_by_two_at_once_is_suspended_once(offer: Offer) -> None:
    exchange, owner, consumer, dataset = offer
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)
    target = f"/api/v1/agreements/{agreement['id']}/suspension"
    check_one_succeeded(
        await asyncio.gather(*(exchange.call(owner.steward, "POST", target, {"reason": "x"}) for _ in range(4)))
    )
    assert await count_entries(exchange, "agreement.suspended") == 1


async def test_an_agreement_expires(offer: Offer) -> None:
    exchange, owner, consumer, dataset = offer
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)
    runtime = exchange.runtime
    later = runtime.clock.now() + timedelta(days=40)
    async with runtime.database.sessions() as session, runtime.database.sessions() as other:
        expired = await asyncio.gather(expire_overdue(session, later), expire_overdue(other, later))
    assert sorted(expired) == [0, 1]
    assert await count_entries(exchange, "agreement.expired") == 1
    current = await exchange.call_ok(consumer.steward, "GET", f"/api/v1/agreements/{agreement['id']}")
    assert current["state"] == "expired"
