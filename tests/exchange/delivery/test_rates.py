"""A cap on requests holds exactly, however many ask at once, and begins again with its period."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest

from exchange.delivery import queries
from tests.support.exchanges.exchange import Exchange

CSV = b"code,city\n1,C1\n2,C2\n"


async def test_no_more_are_answered_than_the_terms_say(exchange: Exchange) -> None:
    owner, other = await exchange.admit("owner"), await exchange.admit("other")
    source = await exchange.register_file(owner, CSV)
    dataset = await exchange.publish_dataset(owner, source, "codes", terms={"rate": {"requests": 3, "per": "day"}})
    await exchange.conclude_agreement(other, owner, dataset)
    question = {"dataset": "owner/codes"}
    answers = await asyncio.gather(
        *(
            exchange.call(other.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
            for _ in range(8)
        )
    )
    assert Counter(answer.status for answer in answers) == {200: 3, 429: 5}
    [refused] = {answer.problem for answer in answers if answer.status == 429}
    assert refused == "rate-exceeded"
    assert all(0 < int(answer.headers["retry-after"]) <= 86_400 for answer in answers if answer.status == 429)
    entries = [entry["type"] for entry in await exchange.read_entries()]
    assert (entries.count("delivery.completed"), entries.count("delivery.refused")) == (3, 5)
    stream = await exchange.call(
        other.system, "POST", "/api/v1/deliveries", question, purpose="talent-service", accept="text/csv"
    )
    assert stream.problem == "rate-exceeded"


async def test_a_request_counts_once_though_facts_change_between_deliveries(exchange: Exchange) -> None:
    """An attempt that is thrown away, since its facts ended, is no request of its own."""
    owner, other = await exchange.admit("owner"), await exchange.admit("other")
    source = await exchange.register_file(owner, CSV)
    dataset = await exchange.publish_dataset(owner, source, "codes", terms={"rate": {"requests": 4, "per": "day"}})
    agreement = await exchange.conclude_agreement(other, owner, dataset)
    question, statuses = {"dataset": "owner/codes"}, []
    for cap in (20, 19, 18, None, None):
        answer = await exchange.call(other.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
        statuses.append(answer.status)
        if cap is not None:
            await exchange.call_ok(
                owner.steward,
                "POST",
                f"/api/v1/agreements/{agreement['id']}/narrowing",
                {"row_cap": cap, "reason": "fewer rows"},
            )
    assert statuses == [200, 200, 200, 200, 429]


async def test_what_is_denied_does_not_count(exchange: Exchange) -> None:
    owner, other = await exchange.admit("owner"), await exchange.admit("other")
    source = await exchange.register_file(owner, CSV)
    dataset = await exchange.publish_dataset(owner, source, "codes", terms={"rate": {"requests": 1, "per": "hour"}})
    await exchange.conclude_agreement(other, owner, dataset)
    question = {"dataset": "owner/codes"}
    denied = await exchange.call(other.system, "POST", "/api/v1/deliveries", question, purpose="other")
    assert denied.problem == "purpose-not-granted"
    wrong = question | {"filters": [{"field": "code", "op": "prefix", "value": 5}]}
    answer = await exchange.call(other.system, "POST", "/api/v1/deliveries", wrong, purpose="talent-service")
    assert answer.status == 422
    first = await exchange.call(other.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
    assert first.status == 200


@pytest.mark.parametrize("most", [1, 5])
async def test_a_period_begins_anew_and_never_goes_back(exchange: Exchange, most: int) -> None:
    agreement = uuid4()

    async def count(period: int) -> bool:
        async with exchange.runtime.database.sessions.begin() as session:
            return await queries.count(session, agreement, seconds=3600, period=period, most=most)

    assert sum(await asyncio.gather(*(count(7) for _ in range(12)))) == most
    assert sum(await asyncio.gather(*(count(8) for _ in range(12)))) == most
    assert not await count(7)
    async with exchange.runtime.database.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM delivery_counts WHERE agreement_id = $1", agreement) == 1
