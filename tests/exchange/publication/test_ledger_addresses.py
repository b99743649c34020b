"""The ledger's addresses keep to C2SP tlog-tiles: names, types, sizes, what caches may keep, and what is pruned."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pydantic
import pytest

from admin.server.reaching import free_port
from exchange.settings import Settings
from ledger.format import canonical, checkpoint, merkle, note, tiles
from ledger.log import store
from ledger.verification.mirror import export
from ledger.verification.verify import verify
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.processes.server import serve_exchange, settings_on

IMMUTABLE = "public, max-age=31536000, immutable"
ENTRIES = 600


async def grown(settings: Settings) -> AsyncIterator[Exchange]:
    """An exchange with some hundred entries, all under a checkpoint."""
    async with start_exchange(settings) as exchange:
        submissions = [store.Submission(canonical.dumps({"number": number})) for number in range(ENTRIES)]
        async with exchange.runtime.database.pool.acquire() as connection, connection.transaction():
            await store.append(connection, submissions)
        assert (await exchange.send("GET", f"/ledger/receipts/{ENTRIES}", {"prefer": "wait=30"})).status == 200
        yield exchange


@pytest.fixture
async def at(settings: Settings) -> AsyncIterator[Exchange]:
    async for exchange in grown(settings):
        yield exchange


@pytest.fixture
async def pruned(settings: Settings) -> AsyncIterator[Exchange]:
    policy = {"minimum_index": 300, "retention_policy": "https://exchange.example/retention"}
    async for exchange in grown(settings.model_copy(update=policy)):
        yield exchange


async def get(at: Exchange, path: str) -> httpx2.Response:
    return await at.client.get(f"/ledger/{path}")


async def newest(at: Exchange) -> checkpoint.Checkpoint:
    vkey = (await get(at, "vkey")).text.strip()
    return checkpoint.open((await get(at, "checkpoint")).text, note.Verifier.parse(vkey))


async def test_types_sizes_and_what_caches_may_keep(at: Exchange) -> None:
    signed = await newest(at)
    answer = await get(at, "checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    for level, index in ((0, 0), (0, 1), (0, 2), (1, 0)):
        width = tiles.width(level, index, signed.size)
        answer = await get(at, tiles.path(level, index, width))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
        assert answer.headers["cache-control"] == IMMUTABLE
        assert len(answer.content) == 32 * width
        if level:
            continue
        bundle = await get(at, tiles.entries_path(index, width))
        assert bundle.headers["content-type"] == "application/octet-stream"
        assert bundle.headers["cache-control"] == IMMUTABLE
        assert [merkle.leaf_hash(leaf) for leaf in tiles.unpack(bundle.content)] == tiles.hashes(answer.content)


async def test_partial_tiles_of_older_trees_are_served_and_none_that_is_not_signed(at: Exchange) -> None:
    size = (await newest(at)).size
    full = (await get(at, "tile/0/001")).content
    for width in (1, 100, 255):
        assert (await get(at, f"tile/0/001.p/{width}")).content == full[: width * 32]
        entries = (await get(at, f"tile/entries/001.p/{width}")).content
        assert [merkle.leaf_hash(leaf) for leaf in tiles.unpack(entries)] == tiles.hashes(full[: width * 32])
    for path in (
        "tile/0/002",
        "tile/0/003",
        f"tile/0/002.p/{size - 512 + 1}",
        "tile/entries/002",
        "tile/1/000",
        "tile/9/000",
    ):
        answer = await get(at, path)
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store"), path


async def test_nothing_is_pruned_unless_it_is_said(at: Exchange) -> None:
    assert (await get(at, "minimum-index")).text == "0\n"
    assert (await at.client.get("/.well-known/data-exchange")).json()["retention_policy"] is None


async def test_what_is_pruned_is_gone_and_its_hashes_are_not(pruned: Exchange) -> None:
    answer = await get(pruned, "minimum-index")
    assert (answer.text, answer.headers["cache-control"]) == ("300\n", "no-cache")
    for path in ("entries/0", "entries/299", "tile/entries/000", "tile/entries/000.p/5"):
        answer = await get(pruned, path)
        assert (answer.status_code, answer.headers["cache-control"]) == (410, "no-store")
        assert answer.json()["type"] == "/problems/entry-pruned"
        assert answer.json()["minimum_index"] == 300
    for path in ("entries/300", "tile/entries/001", "tile/0/000", "tile/0/000.p/5", "receipts/0", "receipts/299"):
        assert (await get(pruned, path)).status_code == 200
    identity = (await pruned.client.get("/.well-known/data-exchange")).json()
    assert identity["retention_policy"] == "https://exchange.example/retention"


def test_nothing_is_pruned_without_a_policy_that_says_so() -> None:
    with pytest.raises(pydantic.ValidationError, match="EXCHANGE_RETENTION_POLICY"):
        Settings(minimum_index=1)


@pytest.mark.endurance
async def test_a_pruned_exchange_is_exported_and_verified(database_url: str, tmp_path: Path, monkeypatch) -> None:
    await delete_rows(database_url)
    settings = settings_on(free_port(), database_url=database_url, data=tmp_path)
    async for _ in grown(settings):
        break
    monkeypatch.setenv("EXCHANGE_MINIMUM_INDEX", "300")
    monkeypatch.setenv("EXCHANGE_RETENTION_POLICY", "https://exchange.example/retention")
    with serve_exchange(settings):
        exported = export(settings.public_url, tmp_path / "mirror", minimum=300)
    assert exported.report.is_ok, exported.report.text()
    assert (exported.report.pruned, exported.report.size) == (256, exported.checkpoint.size)
    assert (tmp_path / "mirror/minimum-index").read_text() == "300\n"
    assert verify(tmp_path / "mirror").first_bad_index == 0
