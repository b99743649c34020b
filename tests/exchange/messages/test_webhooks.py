"""Webhooks: messages are posted signed, again after failures, and held; to no server that the operator does not allow."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from data_exchange_client import Trust
from data_exchange_client.webhooks import WebhookInvalid, read_webhook
from exchange.calendar.counting import Matter
from exchange.messages.service import notify
from exchange.settings import Settings
from tests.support.exchanges.exchange import URL, Answer, Exchange, Party
from tests.support.exchanges.starting import start_exchange
from tests.support.services.webhook_server import Posted, WebhookServer, webhook_server
from tests.support.work.jobs import until_queue_is

WEBHOOKS = "/api/v1/webhooks"
MATTER = Matter("agreement_notice", UUID("01930b2e-6f1a-7000-8000-000000000009"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebhookServer]:
    with webhook_server(tmp_path_factory.mktemp("webhooks")) as server:
        yield server


@pytest.fixture
async def exchange(empty_database: str, tmp_path: Path, server: WebhookServer) -> AsyncIterator[Exchange]:
    server.statuses.clear()
    server.posted.clear()
    server.location = None
    settings = Settings(
        data=tmp_path,
        database_url=empty_database,
        public_url=URL,
        webhook_hosts=("127.0.0.0/8", "::1"),
        webhook_ca=server.authority,
        webhook_pause=0.05,
        webhook_attempts=3,
    )
    async with start_exchange(settings) as exchange:
        yield exchange


async def register(exchange: Exchange, party: Party, url: str, **more: Any) -> Any:
    return await exchange.call_ok(party.steward, "POST", WEBHOOKS, {"url": url, **more})


async def tell(exchange: Exchange, party: Party, kind: str = "deadline.near") -> None:
    async with exchange.runtime.database.sessions() as session:
        now = exchange.runtime.clock.now()
        day = datetime(2027, 3, 31, tzinfo=UTC).date()
        await notify(session, organisation=UUID(party.id), kind=kind, about=MATTER, key=str(uuid4()), now=now, day=day)
        await session.commit()


async def until_posted(exchange: Exchange) -> None:
    await until_queue_is(exchange.runtime.database, [], kind="webhook")


async def read(exchange: Exchange, party: Party) -> Any:
    [webhook] = await exchange.call_ok(party.steward, "GET", WEBHOOKS)
    return webhook


async def trust_of(exchange: Exchange) -> Trust:
    return Trust.parse((await exchange.client.get("/.well-known/data-exchange")).json())


def verify(trust: Trust, server: WebhookServer, posted: Posted, **changes: Any) -> Any:
    given = {"url": server.url(), "headers": posted.headers, "body": posted.body}
    return read_webhook(trust, **(given | changes))


async def test_a_message_is_posted_and_verifies_in_the_client_and_nothing_else_does(
    exchange: Exchange, server: WebhookServer
) -> None:
    party, other = await exchange.admit("party"), await exchange.admit("other")
    await register(exchange, party, server.url())
    await tell(exchange, party)
    await tell(exchange, other)
    await until_posted(exchange)
    [posted] = server.posted
    trust = await trust_of(exchange)
    webhook = verify(trust, server, posted)
    [message] = await exchange.call_ok(party.steward, "GET", "/api/v1/messages")
    assert (webhook.id, webhook.type) == (message["id"], "deadline.near")
    assert webhook.data == {
        "message": message["id"],
        "organisation": party.id,
        "matter": {"kind": MATTER.kind, "id": str(MATTER.id)},
        "day": "2027-03-31",
    }
    altered: list[dict[str, Any]] = [
        {"url": server.url("/another")},
        {"body": posted.body.replace(b"near", b"over")},
        {"now": webhook.at + 301},
        {"now": webhook.at - 301},
        {"headers": posted.headers | {"webhook-id": str(uuid4())}},
        {"headers": posted.headers | {"webhook-timestamp": str(webhook.at + 1)}},
        {"headers": {name: text for name, text in posted.headers.items() if name != "signature"}},
    ]
    for change in altered:
        with pytest.raises(WebhookInvalid):
            verify(trust, server, posted, **change)
    state = await read(exchange, party)
    assert (state["waiting"], state["failures"]) == (0, 0)
    assert state["delivered_at"] is not None


async def test_only_the_kinds_that_a_webhook_takes_are_posted(exchange: Exchange, server: WebhookServer) -> None:
    party = await exchange.admit("party")
    await register(exchange, party, server.url(), kinds=["deadline.overdue"])
    await tell(exchange, party)
    await tell(exchange, party, "deadline.overdue")
    await until_posted(exchange)
    assert [json.loads(posted.body)["type"] for posted in server.posted] == ["deadline.overdue"]


async def test_a_failed_post_is_tried_again_with_the_same_id(exchange: Exchange, server: WebhookServer) -> None:
    party = await exchange.admit("party")
    await register(exchange, party, server.url())
    server.statuses[:] = [500, 503]
    await tell(exchange, party)
    await until_posted(exchange)
    assert len(server.posted) == 3
    assert len({posted.headers["webhook-id"] for posted in server.posted}) == 1
    state = await read(exchange, party)
    assert (state["state"], state["failures"], state["last_failure"], state["waiting"]) == ("active", 0, None, 0)


async def test_a_dead_server_is_held_seen_and_resumed(exchange: Exchange, server: WebhookServer) -> None:
    party = await exchange.admit("party")
    webhook = await register(exchange, party, server.url())
    server.statuses[:] = [500, 500, 500]
    await tell(exchange, party)
    await until_posted(exchange)
    state = await read(exchange, party)
    assert (state["state"], state["failures"], state["last_failure"]) == ("held", 3, "status 500")
    assert state["waiting"] == 2, "the message, and the one that it is held"
    kinds = [message["kind"] for message in await exchange.call_ok(party.steward, "GET", "/api/v1/messages")]
    assert kinds == ["deadline.near", "webhook.held"]
    target = f"{WEBHOOKS}/{webhook['id']}/resumption"
    assert (await exchange.call_ok(party.steward, "POST", target))["waiting"] == 2
    await until_posted(exchange)
    assert sorted(json.loads(posted.body)["type"] for posted in server.posted[3:]) == ["deadline.near", "webhook.held"]
    assert (await exchange.call(party.steward, "POST", target)).problem == "conflict"


async def test_a_server_that_is_gone_or_leads_elsewhere_is_not_followed(
    exchange: Exchange, server: WebhookServer
) -> None:
    party = await exchange.admit("party")
    await register(exchange, party, server.url())
    server.statuses[:] = [302, 410]
    server.location = server.url("/elsewhere")
    await tell(exchange, party)
    await until_posted(exchange)
    assert {posted.target for posted in server.posted} == {"/exchange"}
    state = await read(exchange, party)
    assert (state["state"], state["failures"], state["last_failure"]) == ("held", 2, "status 410")


async def test_a_removed_webhook_is_posted_nothing(exchange: Exchange, server: WebhookServer) -> None:
    party, other = await exchange.admit("party"), await exchange.admit("other")
    webhook = await register(exchange, party, server.url())
    target = f"{WEBHOOKS}/{webhook['id']}"
    assert (await exchange.call(other.steward, "DELETE", target)).problem == "not-found"
    assert (await exchange.call(party.steward, "DELETE", target)).status == 204
    await tell(exchange, party)
    await until_posted(exchange)
    assert server.posted == []
    assert await exchange.call_ok(party.steward, "GET", WEBHOOKS) == []
    types = [body["type"] for body in await exchange.read_entries() if body["type"].startswith("webhook.")]
    assert types == ["webhook.registered", "webhook.removed"]
    assert all(server.url() not in str(body) for body in await exchange.read_entries())


async def test_urls_that_cannot_be_webhooks_are_refused_with_the_reason(
    exchange: Exchange, server: WebhookServer
) -> None:
    party = await exchange.admit("party")

    async def refuse(url: str) -> tuple[str, str | None]:
        answer: Answer = await exchange.call(party.steward, "POST", WEBHOOKS, {"url": url})
        return answer.problem, answer.json.get("code")

    for url in ("http://localhost/x", "https://user:pw@localhost/x", "https://localhost", "https://localhost:443/x"):
        assert await refuse(url) == ("webhook-refused", "option-invalid"), url
    for url in ("https://192.0.2.1/x", "https://10.0.0.1/x", "https://[fe80::1]/x"):
        assert await refuse(url) == ("webhook-refused", "host-not-allowed"), url
    answers = await asyncio.gather(*(refuse(server.url(f"/{number}")) for number in range(7)))
    assert sorted(problem for problem, _ in answers) == [""] * 5 + ["conflict"] * 2
