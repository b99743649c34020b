"""Streams that end early, each for its own reason: what left is on the ledger, and no client takes it for whole."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from exchange.delivery import streaming
from exchange.delivery.formats.answers import negotiate
from exchange.kernel.clock import SettableClock
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.kernel.problems import NotAcceptable
from exchange.publication.coverage import Coverage
from exchange.settings import Settings
from ledger.format.cosignature import ED25519, CosignerKey
from signatures.digests import digest_field
from tests.support.founded import founded
from tests.support.server import free_port
from tests.support.witnessed import with_policy
from tests.support.world import Party, World

ROWS = 150_000
DELIVERIES = "/api/v1/deliveries"
Action = Callable[[], Awaitable[None]]


class Wire:
    """One request in the hands of a server that the test plays: it sees each chunk as it leaves, and may act on it."""

    def __init__(self, world: World, party: Party, question: dict[str, Any], *, accept: str = "text/csv") -> None:
        body = json.dumps(question).encode()
        self.body: bytes | None = body
        headers = {"exchange-purpose": "talent-service", "accept": accept, "host": "localhost:8000", "te": "trailers"}
        headers["content-length"] = str(len(body))
        signed = world.signed(party.system, "POST", DELIVERIES, body=body, headers=headers)
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": DELIVERIES,
            "raw_path": DELIVERIES.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in signed.items()],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 8000),
            "extensions": {"http.response.trailers": {}},
        }
        self.app = world.app
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content = b""
        self.trailers: dict[str, str] | None = None
        self.chunks = 0
        self.is_whole = False
        self.gone = asyncio.Event()
        self.after_first: Action | None = None

    async def receive(self) -> dict[str, Any]:
        if self.body is not None:
            body, self.body = self.body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        if message["type"] == "http.response.trailers":
            assert self.is_whole
            self.trailers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        self.content += message.get("body", b"")
        self.is_whole = not message.get("more_body", False)
        self.chunks += bool(message.get("body"))
        if self.chunks == 2 and self.after_first is not None:  # the header line is a chunk of its own
            action, self.after_first = self.after_first, None
            await action()

    async def run(self) -> None:
        await self.app(self.scope, self.receive, self.send)


@pytest.fixture
async def long_table(embedded: Embedded, people_table: str) -> str:
    """The DSN of an owner's database with a long view, and one whose rows cannot be read to the end."""
    connection = await asyncpg.connect(**arguments(embedded.url("owner")))
    await connection.execute(
        f"CREATE OR REPLACE VIEW long AS SELECT i AS person_id, '人' || i AS name FROM generate_series(1, {ROWS}) i;"
        "CREATE OR REPLACE VIEW breaking AS SELECT i AS person_id, "
        f"CASE WHEN i = {ROWS - 10} THEN ('canary-' || i)::integer ELSE i END AS amount FROM generate_series(1, {ROWS}) i;"
        "CREATE OR REPLACE VIEW broken AS SELECT i AS person_id, i AS amount FROM generate_series(1, 10) i;"
        "GRANT SELECT ON long, breaking, broken TO reader"
    )
    await connection.close()
    return people_table


@pytest.fixture
async def parties(world: World, long_table: str) -> tuple[Party, Party, dict[str, Any]]:
    """An owner and a consumer, and their agreement over the long view."""
    owner = await world.party("owner")
    consumer = await world.party("consumer", kind="institution", level="none")
    return owner, consumer, await agreed(world, owner, consumer, long_table, "long")


async def agreed(world: World, owner: Party, consumer: Party, dsn: str, view: str) -> dict[str, Any]:
    """An agreement over one of the views."""
    dataset = await world.dataset(owner, await world.table_source(owner, dsn, view), view)
    return await world.agreement(consumer, owner, dataset)


async def check_aborted(world: World, party: Party, wire: Wire, cause: str) -> None:
    """What left is what the ledger says left, and nothing told the client that it was all."""
    assert wire.status == 200
    assert not wire.is_whole
    assert wire.trailers is None
    entries = await world.entries()
    started = int(wire.headers["exchange-entry"])
    assert entries[started]["type"] == "delivery.started"
    [ended] = [entry for entry in entries if entry.get("started") == started]
    assert (ended["type"], ended["cause"]) == ("delivery.aborted", cause)
    assert ended["result"]["content"] == hashlib.sha256(wire.content).hexdigest()
    assert ended["result"]["bytes"] == len(wire.content)
    assert ended["result"]["rows"] == wire.content.count(b"\n") - 1
    assert 0 < ended["result"]["rows"] < ROWS
    told = await world.done(party.steward, "GET", f"{DELIVERIES}/{wire.headers['exchange-delivery']}")
    assert (told["state"], told["rows"], told["entry"]) == ("aborted", ended["result"]["rows"], entries.index(ended))


async def test_a_client_that_leaves(world: World, parties: tuple[Party, Party, Any]) -> None:
    _, consumer, _ = parties
    wire = Wire(world, consumer, {"dataset": "owner/long"})

    async def leave() -> None:
        wire.gone.set()
        await asyncio.sleep(0)

    wire.after_first = leave
    await wire.run()
    await check_aborted(world, consumer, wire, "client-left")


async def test_a_source_that_fails_on_the_way(world: World, long_table: str, parties: tuple[Party, Party, Any]) -> None:
    owner, consumer, _ = parties
    await agreed(world, owner, consumer, long_table, "breaking")
    wire = Wire(world, consumer, {"dataset": "owner/breaking"})
    await wire.run()
    await check_aborted(world, consumer, wire, "source-failed")


async def test_a_source_that_fails_at_once_is_a_refusal(
    world: World, embedded: Embedded, long_table: str, parties: tuple[Party, Party, Any]
) -> None:
    owner, consumer, _ = parties
    await agreed(world, owner, consumer, long_table, "broken")
    connection = await asyncpg.connect(**arguments(embedded.url("owner")))
    await connection.execute(
        "CREATE OR REPLACE VIEW broken AS SELECT i AS person_id, 1 / (i - 1) AS amount FROM generate_series(1, 10) i"
    )
    await connection.close()
    for accept in ("text/csv", "application/json"):
        wire = Wire(world, consumer, {"dataset": "owner/broken"}, accept=accept)
        await wire.run()
        assert wire.status == 502
        assert json.loads(wire.content)["type"] == "/problems/source-failed"
        assert (await world.entries())[-1]["problem"] == "source-failed"
    assert not [entry for entry in await world.entries() if entry["type"] == "delivery.started"]


@pytest.mark.parametrize("ending", ["agreement", "key", "dataset", "exchange"])
async def test_a_permission_that_ends_on_the_way(
    world: World, parties: tuple[Party, Party, Any], monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    owner, consumer, agreement = parties
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.0)
    target = f"/api/v1/agreements/{agreement['id']}"
    revocation = f"/api/v1/principals/{consumer.system_id}/keys/{consumer.system.keyid}/revocation"
    ends: dict[str, Action] = {
        "agreement": lambda: world.done(owner.steward, "POST", f"{target}/suspension", {"reason": "核查"}),
        "key": lambda: world.done(consumer.steward, "POST", revocation),
        "dataset": lambda: world.done(
            owner.steward, "POST", f"/api/v1/datasets/{agreement['dataset_id']}/withdrawal", {"reason": "替换"}
        ),
        "exchange": lambda: world.done(world.keys["operator"], "POST", f"/api/v1/organisations/{owner.id}/suspension"),
    }
    wire = Wire(world, consumer, {"dataset": "owner/long"})
    wire.after_first = ends[ending]
    await wire.run()
    await check_aborted(world, consumer, wire, "permission-ended")


async def test_a_change_that_concerns_others_lets_a_stream_go_on(
    world: World, long_table: str, parties: tuple[Party, Party, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, consumer, _ = parties
    other = await agreed(world, owner, consumer, long_table, "breaking")
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.0)
    target = f"/api/v1/agreements/{other['id']}/suspension"
    wire = Wire(world, consumer, {"dataset": "owner/long"})
    wire.after_first = lambda: world.done(owner.steward, "POST", target, {"reason": "核查"})
    await wire.run()
    assert wire.is_whole
    assert wire.content.count(b"\n") == ROWS + 1
    assert (await world.entries())[-1]["type"] == "delivery.completed"


async def test_a_server_that_stops(world: World, parties: tuple[Party, Party, Any]) -> None:
    _, consumer, _ = parties
    wire = Wire(world, consumer, {"dataset": "owner/long"})
    held = asyncio.Event()

    async def hold() -> None:
        held.set()
        await asyncio.Event().wait()

    wire.after_first = hold
    task = asyncio.create_task(wire.run())
    await held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await check_aborted(world, consumer, wire, "exchange-stopped")


async def test_witnesses_that_have_been_missing_for_too_long_end_what_runs(
    settings: Settings, long_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.0)
    witness, clock = CosignerKey("nowhere.example", ED25519, bytes(32)).cosigner, SettableClock(datetime.now(UTC))
    text = f"witness W {witness.vkey} http://127.0.0.1:{free_port()}\nquorum W\n"
    async with founded(with_policy(settings, text, witness_cutoff=3600), clock=clock) as world:
        owner = await world.party("owner")
        consumer = await world.party("consumer", kind="institution", level="none")
        dataset = await world.dataset(owner, await world.table_source(owner, long_table, "long"), "long")
        await world.agreement(consumer, owner, dataset)
        coverage = world.app.state.runtime[Coverage]
        async with asyncio.timeout(30):
            while coverage.since is None:  # noqa: ASYNC110 - the watch of this process
                await asyncio.sleep(0.02)

        async def pass_cutoff() -> None:
            clock.move(timedelta(seconds=seconds))

        seconds, whole = 3600, Wire(world, consumer, {"dataset": "owner/long"})
        whole.after_first = pass_cutoff
        await whole.run()
        assert whole.is_whole
        seconds, wire = 1, Wire(world, consumer, {"dataset": "owner/long"})
        wire.after_first = pass_cutoff
        await wire.run()
        await check_aborted(world, consumer, wire, "exchange-stopped")


async def test_both_sides_see_a_stream_and_nobody_else(world: World, parties: tuple[Party, Party, Any]) -> None:
    owner, consumer, _ = parties
    stranger = await world.party("stranger")
    wire = Wire(world, consumer, {"dataset": "owner/long", "fields": ["person_id"]})
    await wire.run()
    target = f"{DELIVERIES}/{wire.headers['exchange-delivery']}"
    for key in (owner.steward, consumer.steward, consumer.system):
        assert (await world.done(key, "GET", target))["state"] == "completed"
    assert (await world.call(stranger.steward, "GET", target)).problem == "not-found"
    assert (await world.send("GET", target, {})).problem == "signature-missing"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("Application/JSON; charset=utf-8", "json"),
        ("text/csv", "csv"),
        ("text/*", "csv"),
        ("text/html, text/csv;q=0.9, */*;q=0.1", "csv"),
        ("text/csv;q=0.5, application/x-ndjson", "ndjson"),
        ("application/x-ndjson;q=0.5, text/csv;q=0.6", "csv"),
        ("application/vnd.apache.arrow.stream", "arrow"),
        ("image/png, application/vnd.apache.arrow.stream;q=0.001", "arrow"),
    ],
)
def test_the_format_is_the_one_the_client_prefers(accept: str | None, form: str) -> None:
    assert negotiate(accept) == form


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "application/json;q=x", "csv"])
def test_a_format_nobody_makes_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiate(accept)


async def test_limits(world: World, parties: tuple[Party, Party, Any], subtests: pytest.Subtests) -> None:
    _, consumer, _ = parties
    for limit, accept in ((100, "application/json"), (5000, "application/json"), (7, "text/csv"), (6001, "text/csv")):
        wire = Wire(world, consumer, {"dataset": "owner/long", "limit": limit}, accept=accept)
        await wire.run()
        with subtests.test(f"{limit} as {accept}"):
            assert wire.status == 200, wire.content.decode()
            is_json = accept == "application/json"
            assert limit == (len(json.loads(wire.content)["rows"]) if is_json else wire.content.count(b"\n") - 1)
            # A page's digest comes before it, a stream's only after it.
            digest = digest_field(hashlib.sha256(wire.content).digest())
            assert wire.headers.get("content-digest") == (digest if limit != 6001 else None)
            assert wire.trailers == ({"content-digest": digest} if limit == 6001 else None)


async def test_a_row_cap_holds_for_pages_and_streams(world: World, long_table: str) -> None:
    owner = await world.party("owner")
    consumer = await world.party("consumer", kind="institution", level="none")
    source = await world.table_source(owner, long_table, "long")
    dataset = await world.dataset(owner, source, "long", terms={"row_cap": 40})
    await world.agreement(consumer, owner, dataset, row_cap=30)
    for accept, limit in (("text/csv", None), ("text/csv", 35), ("application/x-ndjson", 6000)):
        wire = Wire(world, consumer, {"dataset": "owner/long"} | ({"limit": limit} if limit else {}), accept=accept)
        await wire.run()
        assert wire.content.count(b"\n") == 30 + (accept == "text/csv")
