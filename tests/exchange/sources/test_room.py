"""Uploads leave room: for other organisations, for the exchange's own work, and also while a file stalls on its way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import signatures
from exchange.settings import Settings
from exchange.sources import storage
from tests.support.exchanges.exchange import Answer, Exchange, Party
from tests.support.exchanges.starting import start_exchange

ROWS = b"person_id,name\nP1,x\nP2,y\n"
PLENTY = 1 << 60


@asynccontextmanager
async def started(settings: Settings, **limits: Any) -> AsyncIterator[tuple[Exchange, Party]]:
    async with start_exchange(settings.model_copy(update=limits)) as exchange:
        yield exchange, await exchange.admit("owner")


async def register(exchange: Exchange, owner: Party) -> str:
    new = {"organisation": owner.id, "source": {"kind": "file", "title": "x"}}
    source = await exchange.call_ok(owner.steward, "POST", "/api/v1/sources", new)
    return f"/api/v1/sources/{source['id']}/content?filename=x.csv"


class Stalled:
    """An upload of which some bytes have come; the others come at the test's signal."""

    def __init__(self, exchange: Exchange, owner: Party, target: str, *parts: bytes) -> None:
        self._parts = parts
        self._go_on = asyncio.Event()
        self.has_stalled = asyncio.Event()
        digest = signatures.content_digest(b"".join(parts))
        headers = exchange.sign(owner.steward, "PUT", target, headers={"content-digest": digest})
        request = exchange.client.request("PUT", target, headers=headers, content=self._send())
        self.answer = asyncio.create_task(request)

    async def _send(self) -> AsyncIterator[bytes]:
        yield self._parts[0]
        self.has_stalled.set()
        await self._go_on.wait()
        for part in self._parts[1:]:
            yield part

    async def end(self) -> Answer:
        self._go_on.set()
        response = await self.answer
        return Answer(response.status_code, response.headers, response.content)


async def test_an_organisation_sends_a_few_files_at_a_time(settings: Settings) -> None:
    async with started(settings, uploads_at_once=2) as (exchange, owner):
        other = await exchange.admit("other")
        running = [Stalled(exchange, owner, await register(exchange, owner), ROWS[:5], ROWS[5:]) for _ in range(2)]
        for upload in running:
            await upload.has_stalled.wait()
        refused = await exchange.call(owner.steward, "PUT", await register(exchange, owner), ROWS)
        assert (refused.status, refused.problem) == (429, "too-many-uploads")
        assert "2 files at a time" in refused.json["detail"]
        assert refused.headers["retry-after"] == "30"
        await exchange.call_ok(other.steward, "PUT", await register(exchange, other), ROWS)
        assert [(await upload.end()).status for upload in running] == [200, 200]
        await exchange.call_ok(owner.steward, "PUT", await register(exchange, owner), ROWS)
    assert not list((settings.data / "uploads").iterdir())


async def test_the_files_of_an_organisation_have_a_quota(settings: Settings) -> None:
    async with started(settings, organisation_bytes_max=3000) as (exchange, owner):
        first = await register(exchange, owner)
        await exchange.call_ok(owner.steward, "PUT", first, ROWS)
        stored = sum(path.stat().st_size for path in (settings.data / "snapshots").iterdir())
        assert 0 < stored < 3000
        large = ROWS + b"".join(b"P%d,z\n" % number for number in range(300))
        refused = await exchange.call(owner.steward, "PUT", await register(exchange, owner), large)
        assert (refused.status, refused.problem) == (413, "upload-quota")
        assert "may take 3000 bytes" in refused.json["detail"]
        await exchange.call_ok(owner.steward, "PUT", first, ROWS + b"P3,z\n")  # what it replaces does not count
        other = await exchange.admit("other")
        await exchange.call_ok(other.steward, "PUT", await register(exchange, other), ROWS)


async def test_the_quota_holds_while_a_file_comes_in(settings: Settings) -> None:
    """A chunked body does not announce its size."""
    part = b"x" * (1 << 20)
    async with started(settings, organisation_bytes_max=2 << 20) as (exchange, owner):
        upload = Stalled(exchange, owner, await register(exchange, owner), *[part] * 4)
        await upload.has_stalled.wait()
        assert (await upload.end()).problem == "upload-quota"
        assert (await exchange.read_entries())[-1]["problem"] == "upload-quota"
    assert not list((settings.data / "uploads").iterdir())


async def test_a_disk_keeps_its_reserve(settings: Settings) -> None:
    async with started(settings, disk_reserve_bytes=PLENTY) as (exchange, owner):
        refused = await exchange.call(owner.steward, "PUT", await register(exchange, owner), ROWS)
        assert (refused.status, refused.problem) == (507, "storage-full")
        assert int(refused.headers["retry-after"]) > 0
        assert (await exchange.read_entries())[-1]["problem"] == "storage-full"
        assert (await exchange.call(owner.steward, "GET", "/api/v1/sources")).status == 200
    assert not list((settings.data / "uploads").iterdir())


async def test_an_announced_size_is_refused_before_it_comes(settings: Settings) -> None:
    free = storage.free_bytes(settings.data)
    async with started(settings, disk_reserve_bytes=max(0, free - (1 << 20))) as (exchange, owner):
        refused = await exchange.call(owner.steward, "PUT", await register(exchange, owner), b"x" * (64 << 20))
        assert refused.problem == "storage-full"


async def test_abandoned_uploads_count_for_nobody(settings: Settings) -> None:
    async with started(settings, uploads_at_once=1) as (exchange, owner):
        abandoned = storage.make_private(settings.data / "uploads") / f"{owner.id}.0123"
        abandoned.mkdir()
        uploaded = await exchange.call_ok(owner.steward, "PUT", await register(exchange, owner), ROWS)
        assert uploaded["description"]["fields"]
