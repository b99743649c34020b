"""Receipts that are waited for: many who wait cost one look, and nobody waits for what cannot come."""

import asyncio
from typing import Any

import pytest

from exchange.kernel.loops import Loops
from exchange.publication import waiting
from exchange.publication.parts import CHECKPOINTS
from exchange.settings import Settings
from ledger.log import publication
from tests.support.exchanges.exchange import Exchange, Key
from tests.support.exchanges.starting import start_exchange

WAIT = {"prefer": "wait=30"}
WAITERS = 40


@pytest.fixture
async def slow_settings(settings: Settings) -> Settings:
    """An exchange that signs no checkpoint during a test, unless the test makes it."""
    return settings.model_copy(update={"checkpoint_interval": 600.0, "receipt_waiters": WAITERS})


async def append(exchange: Exchange) -> int:
    """Append an entry that no checkpoint covers, and return its index."""
    answer = await exchange.call(Key(), "GET", "/api/v1/me")
    return int(answer.json["entry"])


async def ask(exchange: Exchange, index: int) -> Any:
    return await asyncio.wait_for(exchange.send("GET", f"/ledger/receipts/{index}", WAIT), 20)


async def until_waiting(exchange: Exchange, count: int) -> None:
    while exchange.runtime[waiting.Waiters]._count < count:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_many_who_wait_share_one_look_and_are_answered_together(
    slow_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start_exchange(slow_settings) as exchange:
        index = await append(exchange)
        tasks = [asyncio.create_task(ask(exchange, index)) for _ in range(WAITERS)]
        await until_waiting(exchange, WAITERS)
        looks, latest = 0, publication.latest

        async def counted(connection: Any) -> Any:
            nonlocal looks
            looks += 1
            return await latest(connection)

        monkeypatch.setattr(publication, "latest", counted)
        for _ in range(3):
            await exchange.runtime[waiting.Waiters].covered()
        assert 3 <= looks <= 6  # not one for each who waits
        monkeypatch.undo()
        # A waiter beyond the limit is asked to come again.
        assert (await ask(exchange, index)).problem == "not-yet-covered"
        await exchange.runtime[Loops][CHECKPOINTS].tick()
        answers = await asyncio.gather(*tasks)
        assert {answer.status for answer in answers} == {200}
        assert exchange.runtime[waiting.Waiters]._count == 0


@pytest.mark.parametrize("beyond", [0, 1000, 2**53 - 1 - 10_000])
async def test_nobody_waits_for_an_entry_that_is_not_there(slow_settings: Settings, beyond: int) -> None:
    async with start_exchange(slow_settings) as exchange:
        index = await append(exchange)
        answer = await asyncio.wait_for(exchange.send("GET", f"/ledger/receipts/{index + 1 + beyond}", WAIT), 10)
        assert (answer.problem, answer.json["size"]) == ("not-found", index + 1)
        assert f"{index + 1} entries" in answer.json["detail"]
        assert "retry-after" not in answer.headers
        present = await exchange.send("GET", f"/ledger/receipts/{index}", {})
        assert (present.problem, present.headers["retry-after"]) == ("not-yet-covered", "1")


async def test_nobody_waits_for_a_client_that_has_left(slow_settings: Settings) -> None:
    async with start_exchange(slow_settings) as exchange:
        index = await append(exchange)
        has_left, messages = asyncio.Event(), list[Any]()

        async def receive() -> dict[str, Any]:
            await has_left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            messages.append(message)

        path = f"/ledger/receipts/{index}"
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
            "headers": [(b"host", b"localhost:8000"), (b"prefer", b"wait=30")],
            "client": ("127.0.0.1", 1), "server": ("localhost", 8000),
        }  # fmt: skip
        task = asyncio.create_task(exchange.app(scope, receive, send))
        await until_waiting(exchange, 1)
        has_left.set()
        await asyncio.wait_for(task, 10)
        assert exchange.runtime[waiting.Waiters]._count == 0
