"""Requests whose body is held back: no copy is done after its original, and nobody waits for a body without end."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

import signatures
from exchange.kernel.clock import SettableClock
from exchange.kernel.loops import Loops
from exchange.kernel.tasks import NONCES
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Key, Party
from tests.support.exchanges.starting import restart_exchange, start_exchange

LIFETIME = 2
QUESTION = {"dataset": "owner/people", "limit": 1}
DELIVERIES = "/api/v1/deliveries"
PURPOSE = {"exchange-purpose": "talent-service", "content-type": "application/json"}


@dataclass
class HeldRequest:
    """A request whose last byte is sent at the test's signal."""

    exchange: Exchange
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def _content(self) -> AsyncIterator[bytes]:
        yield self.body[:-1]
        self.has_begun.set()
        await self.go_on.wait()
        yield self.body[-1:]

    async def send(self) -> httpx2.Response:
        return await self.exchange.client.request(
            self.method, self.target, headers=dict(self.headers), content=self._content()
        )


@asynccontextmanager
async def held(
    exchange: Exchange, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> AsyncIterator[Callable[[], Any]]:
    """Hold a request back after all but its last byte; what is yielded sends the byte, and waits for the answer."""
    request = HeldRequest(exchange, method, target, headers, body)
    sending = asyncio.create_task(request.send())
    await asyncio.wait_for(request.has_begun.wait(), 10)

    async def release() -> httpx2.Response:
        request.go_on.set()
        return await asyncio.wait_for(sending, 10)

    yield release
    sending.cancel()


async def outlive(exchange: Exchange, headers: Mapping[str, str]) -> None:
    """Wait until a signature has expired by the database's clock, and have its nonce forgotten by force."""
    expires = signatures.read_request(method="", target_uri="", headers=headers, require=()).expires
    await exchange.runtime[Loops][NONCES].tick()
    async with exchange.runtime.database.pool.acquire() as connection:
        await connection.execute("SELECT pg_sleep_until(to_timestamp($1))", float(expires))
        await connection.execute("DELETE FROM ledger_once")


async def granted(exchange: Exchange, people_table: str) -> tuple[Party, Party, Any]:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    dataset = await exchange.publish_dataset(
        owner, await exchange.register_table(owner, people_table, "people"), "people"
    )
    return owner, consumer, await exchange.conclude_agreement(consumer, owner, dataset)


async def test_a_copy_that_waits_does_not_undo_a_suspension(exchange: Exchange, people_table: str) -> None:
    owner, consumer, agreement = await granted(exchange, people_table)
    target = f"/api/v1/agreements/{agreement['id']}"
    await exchange.call_ok(owner.steward, "POST", f"{target}/suspension", {"reason": "核查"})
    body = json.dumps({"reason": "核查完毕"}).encode()
    headers = exchange.sign(
        owner.steward, "POST", f"{target}/resumption", body=body,
        headers={"content-type": "application/json"}, lifetime=LIFETIME,
    )  # fmt: skip
    async with held(exchange, "POST", f"{target}/resumption", headers, body) as release:
        assert (await exchange.send("POST", f"{target}/resumption", headers, body)).status == 200
        await exchange.call_ok(owner.steward, "POST", f"{target}/suspension", {"reason": "再次核查"})
        await outlive(exchange, headers)
        late = await release()
    assert late.json()["type"] == "/problems/signature-expired"
    [state] = [row["state"] for row in await exchange.call_ok(consumer.steward, "GET", "/api/v1/agreements")]
    assert state == "suspended"
    types = [entry["type"] for entry in await exchange.read_entries()]
    assert types.count("agreement.resumed") == 1
    refused = (await exchange.read_entries())[late.json()["entry"]]
    assert refused["type"] == "request.refused"


async def test_a_copy_of_a_delivery_that_waits_is_not_answered(exchange: Exchange, people_table: str) -> None:
    _, consumer, _ = await granted(exchange, people_table)
    body = json.dumps(QUESTION).encode()
    headers = exchange.sign(consumer.system, "POST", DELIVERIES, body=body, headers=PURPOSE, lifetime=LIFETIME)
    assert (await exchange.send("POST", DELIVERIES, headers, body)).status == 200
    async with held(exchange, "POST", DELIVERIES, headers, body) as release:
        await outlive(exchange, headers)
        late = await release()
    assert late.json()["type"] == "/problems/signature-expired"
    types = [entry["type"] for entry in await exchange.read_entries()]
    assert types.count("delivery.completed") == 1


async def test_machines_whose_clocks_differ_accept_a_nonce_once(settings: Settings, people_table: str) -> None:
    """The database's clock decides, so a signature that has expired for it is refused wherever it arrives."""
    async with start_exchange(settings) as exchange:
        _, consumer, _ = await granted(exchange, people_table)
        # The clock of another machine stands still, so that the signatures stay valid by it.
        async with restart_exchange(settings, clock=SettableClock(exchange.now)) as slow:
            body = json.dumps(QUESTION).encode()
            signed = exchange.sign(consumer.system, "POST", DELIVERIES, body=body, headers=PURPOSE, lifetime=LIFETIME)
            read = exchange.sign(consumer.system, "GET", "/api/v1/me", lifetime=LIFETIME)
            assert (await exchange.send("POST", DELIVERIES, signed, body)).status == 200
            assert (await exchange.send("GET", "/api/v1/me", read)).status == 200
            await outlive(exchange, read)
            assert (await slow.send("POST", DELIVERIES, signed, body)).problem == "signature-expired"
            assert (await slow.send("GET", "/api/v1/me", read)).problem == "signature-expired"


async def test_a_body_that_stops_is_given_up(settings: Settings) -> None:
    async with start_exchange(settings.model_copy(update={"body_seconds": 0.1})) as exchange:
        operator, body = exchange.keys["operator"], b'{"handle":"x"}'
        target = "/api/v1/organisations"
        headers = exchange.sign(operator, "POST", target, body=body, headers={"content-type": "application/json"})
        request = HeldRequest(exchange, "POST", target, headers, body)
        late = await asyncio.wait_for(request.send(), 10)
        assert late.status_code == 408
        assert late.json()["type"] == "/problems/body-too-slow"
        assert late.headers["connection"] == "close"
        # Holding the body back does not make the request a replay.
        assert (await exchange.send("POST", target, headers, body)).problem == "request-invalid"


async def test_an_upload_that_stops_is_given_up_and_one_that_keeps_its_pace_is_not(settings: Settings) -> None:
    slow = settings.model_copy(update={"body_seconds": 0.5, "body_pace": 1})
    async with start_exchange(slow) as exchange:
        party = await exchange.admit("owner")
        document = {"organisation": party.id, "source": {"kind": "file", "title": "slow"}}
        source = await exchange.call_ok(party.steward, "POST", "/api/v1/sources", document)
        target = f"/api/v1/sources/{source['id']}/content?filename=a.csv"
        content = b"a,b\n" + b"1,2\n" * 20
        request = HeldRequest(
            exchange, "PUT", target, exchange.sign(party.steward, "PUT", target, body=content), content
        )
        sending = asyncio.create_task(request.send())
        await request.has_begun.wait()
        request.go_on.set()  # 83 bytes have bought it 83 seconds
        assert (await asyncio.wait_for(sending, 10)).status_code == 200
    hurried = settings.model_copy(update={"body_seconds": 0.1})
    async with restart_exchange(hurried) as exchange:
        request = HeldRequest(
            exchange, "PUT", target, exchange.sign(party.steward, "PUT", target, body=content), content
        )
        late = await asyncio.wait_for(request.send(), 10)
        assert late.json()["type"] == "/problems/body-too-slow"


async def test_a_stranger_s_body_is_not_waited_for(exchange: Exchange) -> None:
    """The head alone refuses a key that nobody has, and a signature that its holder did not make."""
    body, target = b'{"handle":"x"}', "/api/v1/organisations"
    forged = exchange.sign(exchange.keys["operator"], "POST", target, body=body)
    forged["signature"] = exchange.sign(Key(), "POST", target, body=body)["signature"]
    for headers, problem in (
        (exchange.sign(Key(), "POST", target, body=body), "key-unknown"),
        (forged, "signature-invalid"),
        (exchange.sign(Key(), "POST", target), "signature-incomplete"),
    ):
        request = HeldRequest(exchange, "POST", target, headers, body)
        answer = await asyncio.wait_for(request.send(), 10)
        assert answer.json()["type"] == f"/problems/{problem}"


@pytest.mark.parametrize("target", [DELIVERIES, "/api/v1/organisations"])
async def test_a_body_taken_away_on_the_way_is_noticed_and_costs_the_sender_nothing(
    exchange: Exchange, people_table: str, target: str
) -> None:
    """The signed digest is compared with an empty body too; the request itself is no replay afterwards."""
    _, consumer, _ = await granted(exchange, people_table)
    key = consumer.system if target == DELIVERIES else exchange.keys["operator"]
    body = json.dumps(QUESTION).encode()
    headers = exchange.sign(key, "POST", target, body=body, headers=PURPOSE)
    for stripped in (None, b"", b"{}", body + b" "):
        assert (await exchange.send("POST", target, headers, stripped)).problem == "digest-mismatch"
    assert (await exchange.send("POST", target, headers, body)).status == (200 if target == DELIVERIES else 422)
    assert (await exchange.send("POST", target, headers, body)).problem == "nonce-reused"
