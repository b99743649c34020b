"""Narrowings: an owner takes away from an agreement at once, both sides see it, and nothing gives it back."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from exchange.agreements.tasks import expire_overdue
from tests.support.exchanges.exchange import Exchange, Party, in_days

CSV = "id,name,city\n" + "".join(f"{n},陈{n},3301{n % 3:02d}\n" for n in range(1, 31))


@pytest.fixture
async def sides(exchange: Exchange) -> tuple[Party, Party, dict[str, Any]]:
    """An owner, a consumer, and an agreement over a table of people whose names the terms mask."""
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_file(owner, CSV.encode())
    masks = {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}
    dataset = await exchange.publish_dataset(owner, source, "people", terms={"masks": masks})
    return owner, consumer, await exchange.conclude_agreement(consumer, owner, dataset)


async def fetch(exchange: Exchange, consumer: Party) -> Any:
    question = {"dataset": "owner/people", "limit": 30}
    answer = await exchange.call(consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
    assert answer.status == 200, answer.content.decode()
    return answer.json["rows"]


async def test_an_owner_narrows_an_agreement_at_once(exchange: Exchange, sides: tuple[Party, Party, Any]) -> None:
    owner, consumer, agreement = sides
    assert len(await fetch(exchange, consumer)) == 30
    target = f"/api/v1/agreements/{agreement['id']}/narrowing"
    first = {
        "reason": "收窄",
        "without": ["id"],
        "masks": {"name": {"kind": "null"}},
        "row_filter": {"field": "city", "op": "eq", "value": 330101},
        "row_cap": 4,
        "not_after": in_days(3),
    }
    narrowed = await exchange.call_ok(owner.steward, "POST", target, first)
    rows = await fetch(exchange, consumer)
    assert (len(rows), rows[0]) == (4, {"name": None, "city": 330101})
    await exchange.call_ok(owner.steward, "POST", target, {"reason": "再收窄", "row_cap": 2})
    assert len(await fetch(exchange, consumer)) == 2
    for party in (owner, consumer):
        current = await exchange.call_ok(party.steward, "GET", f"/api/v1/agreements/{agreement['id']}")
        assert current["in_force"]["fields"] == ["name", "city"]
        assert (current["in_force"]["masks"], current["in_force"]["row_cap"]) == ({"name": {"kind": "null"}}, 2)
        assert [(narrowing["reason"], narrowing["row_cap"]) for narrowing in current["narrowings"]] == [
            ("收窄", 4),
            ("再收窄", 2),
        ]
        assert {name: current[name] for name in ("fields", "masks", "digest")} == {
            name: agreement[name] for name in ("fields", "masks", "digest")
        }
    entries = [entry for entry in await exchange.read_entries() if entry["type"] == "agreement.narrowed"]
    assert [entry["document"] for entry in entries] == [narrowing["digest"] for narrowing in current["narrowings"]]
    assert narrowed["narrowings"][0]["digest"] == entries[0]["document"]
    odrl = await exchange.call_ok(consumer.steward, "GET", f"/api/v1/agreements/{agreement['id']}/odrl")
    assert "dx:rowsPerDelivery" in str(odrl)
    # The agreement expires at the time that the narrowing states.
    async with exchange.runtime.database.sessions() as session:
        assert await expire_overdue(session, exchange.runtime.clock.now() + timedelta(days=4)) == 1


NOT_NARROWER: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"without": ["salary"]}, "without/0"),
    ({"without": ["id", "name", "city"]}, "without"),
    ({"masks": {"salary": {"kind": "null"}}}, "masks/salary"),
    ({"masks": {"city": {"kind": "year"}}}, "masks/city"),
    ({"masks": {"name": {"kind": "prefix", "length": 5}}}, "masks/name"),
    ({"row_cap": 10**9}, "row_cap"),
    ({"not_after": in_days(3000)}, "not_after"),
    ({"not_after": in_days(-3)}, "not_after"),
    ({"row_filter": {"field": "salary", "op": "eq", "value": 1}}, "row_filter"),
]
"""Narrowings that take nothing away or cannot be, each with the place of its error."""


async def test_a_narrowing_that_takes_nothing_away_is_refused(
    exchange: Exchange, sides: tuple[Party, Party, Any], subtests: pytest.Subtests
) -> None:
    owner, _, agreement = sides
    target = f"/api/v1/agreements/{agreement['id']}/narrowing"
    for narrowing, at in NOT_NARROWER:
        with subtests.test(str(narrowing)):
            answer = await exchange.call(owner.steward, "POST", target, {"reason": "x", **narrowing})
            assert (answer.status, answer.problem) == (422, "request-invalid"), answer.content.decode()
            assert any(error["at"].removeprefix("body/").startswith(at) for error in answer.json["errors"])


async def test_the_owner_alone_narrows_and_not_what_has_ended(
    exchange: Exchange, sides: tuple[Party, Party, Any]
) -> None:
    owner, consumer, agreement = sides
    target = f"/api/v1/agreements/{agreement['id']}"
    narrowing = {"reason": "x", "row_cap": 1}
    assert (await exchange.call(consumer.steward, "POST", f"{target}/narrowing", narrowing)).status == 403
    await asyncio.gather(*(exchange.call(owner.steward, "POST", f"{target}/narrowing", narrowing) for _ in range(3)))
    current = await exchange.call_ok(owner.steward, "GET", target)
    assert len(current["narrowings"]) == 1  # of three at once, two find nothing to take away
    await exchange.call_ok(owner.steward, "POST", f"{target}/termination", {"reason": "x"})
    assert (await exchange.call(owner.steward, "POST", f"{target}/narrowing", narrowing)).problem == "conflict"


async def test_a_grant_masks_a_field_more_strictly_than_the_terms_do(exchange: Exchange) -> None:
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_file(owner, CSV.encode())
    masks = {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}, "city": {"kind": "prefix", "length": 4}}
    dataset = await exchange.publish_dataset(owner, source, "people", terms={"masks": masks})
    application = await exchange.apply(consumer, dataset)
    target = f"/api/v1/applications/{application['id']}/approval"
    looser = await exchange.call(owner.steward, "POST", target, {"masks": {"city": {"kind": "prefix", "length": 5}}})
    assert [(error["at"], "not stricter" in error["error"]) for error in looser.json["errors"]] == [
        ("masks/city", True)
    ]
    assert "a prefix of a length up to 4" in looser.json["errors"][0]["error"]
    stricter = {"name": {"kind": "null"}, "city": {"kind": "prefix", "length": 2}}
    approved = await exchange.call_ok(owner.steward, "POST", target, {"masks": stricter})
    assert approved["agreement"]["in_force"]["masks"] == stricter
    assert (await fetch(exchange, consumer))[0] == {"id": 1, "name": None, "city": "33"}
