"""One nonce many times at once: one answer, in one process and over several."""

import asyncio
import json
from collections import Counter

from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Key, Party
from tests.support.exchanges.starting import restart_exchange, start_exchange

ROUNDS, AT_ONCE = 8, 30
DELIVERIES = "/api/v1/deliveries"
FETCH = json.dumps({"dataset": "owner/people", "limit": 2}).encode()
PURPOSE = {"exchange-purpose": "talent-service", "content-type": "application/json"}


async def granted(exchange: Exchange, people_table: str) -> tuple[Party, Party]:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    await exchange.conclude_agreement(consumer, owner, await exchange.publish_dataset(owner, source, "people"))
    return owner, consumer


async def test_the_same_request_many_times_at_once_is_done_once_over_two_machines(
    settings: Settings, people_table: str
) -> None:
    settings = settings.model_copy(update={"key_refusals": 10_000, "claimed_refusals": 10_000})
    async with start_exchange(settings) as exchange, restart_exchange(settings) as second:
        owner, consumer = await granted(exchange, people_table)
        machines = (exchange, second)
        for _ in range(ROUNDS):
            signed = exchange.sign(consumer.system, "POST", DELIVERIES, body=FETCH, headers=PURPOSE)
            answers = await asyncio.gather(
                *(machines[n % 2].send("POST", DELIVERIES, signed, FETCH) for n in range(AT_ONCE))
            )
            assert Counter(answer.problem for answer in answers) == {"": 1, "nonce-reused": AT_ONCE - 1}
        target = f"/api/v1/organisations/{owner.id}/principals"
        for number in range(5):
            system = {"kind": "system", "handle": f"more-{number}", "title": "More", "roles": []}
            body = json.dumps(system | exchange.registration(Key(), "owner", f"more-{number}")).encode()
            signed = exchange.sign(
                owner.steward, "POST", target, body=body, headers={"content-type": "application/json"}
            )
            answers = await asyncio.gather(*(machines[n % 2].send("POST", target, signed, body) for n in range(20)))
            assert sum(answer.status == 201 for answer in answers) == 1
            # The others are replays, or came while the first one held the name.
            assert {answer.problem for answer in answers} <= {"", "nonce-reused", "conflict"}
        types = Counter(entry["type"] for entry in await exchange.read_entries())
        assert types["delivery.completed"] == ROUNDS
        assert types["system.enrolled"] == 2 + 5


async def test_one_nonce_in_different_requests_at_once_is_used_once(settings: Settings, people_table: str) -> None:
    async with start_exchange(settings) as exchange:
        _, consumer = await granted(exchange, people_table)
        nonce = "A" * 22
        read = exchange.sign(consumer.system, "GET", "/api/v1/me", nonce=nonce)
        fetch = exchange.sign(consumer.system, "POST", DELIVERIES, body=FETCH, headers=PURPOSE, nonce=nonce)
        answers = await asyncio.gather(
            *(exchange.send("GET", "/api/v1/me", read) for _ in range(10)),
            *(exchange.send("POST", DELIVERIES, fetch, FETCH) for _ in range(10)),
        )
        assert Counter(answer.problem for answer in answers) == {"": 1, "nonce-reused": 19}
