"""Streams that end early, each for its own reason: what left is on the ledger, and no client takes it for whole."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pyarrow as pa
import pytest

from admin.server.reaching import free_port
from exchange.delivery import streaming
from exchange.delivery.formats.answers import negotiate
from exchange.kernel.clock import SettableClock
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import NotAcceptable
from exchange.kernel.work import Caller, Work
from exchange.participants.door.evidence import Founding
from exchange.portal.binding import principal_of
from exchange.publication.coverage import Coverage
from exchange.settings import Settings
from exchange.subjects import numbers
from exchange.subjects.identity import Identity
from exchange.subjects.requests import service as requests
from exchange.subjects.requests.schemas import NewPersonRequest
from ledger.format.cosignature import ED25519, CosignerKey
from signatures.digests import digest_field
from tests.support.exchanges.exchange import Exchange, Party
from tests.support.exchanges.raw_delivery import DELIVERIES, RawDelivery
from tests.support.exchanges.starting import start_exchange
from tests.support.exchanges.witnessed import with_policy

ROWS = 150_000


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
async def parties(exchange: Exchange, long_table: str) -> tuple[Party, Party, dict[str, Any]]:
    """An owner and a consumer, and their agreement over the long view."""
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    return owner, consumer, await agreed(exchange, owner, consumer, long_table, "long")


async def agreed(exchange: Exchange, owner: Party, consumer: Party, dsn: str, view: str) -> dict[str, Any]:
    """An agreement over one of the views."""
    dataset = await exchange.publish_dataset(owner, await exchange.register_table(owner, dsn, view), view)
    return await exchange.conclude_agreement(consumer, owner, dataset)


async def check_aborted(exchange: Exchange, party: Party, wire: RawDelivery, cause: str) -> None:
    """Check that the ledger states the bytes that left, and that the client got no end of the stream."""
    assert wire.status == 200
    assert not wire.is_whole
    entries = await exchange.read_entries()
    started = int(wire.headers["exchange-entry"])
    assert entries[started]["type"] == "delivery.started"
    [ended] = [entry for entry in entries if entry.get("started") == started]
    assert (ended["type"], ended["cause"]) == ("delivery.aborted", cause)
    assert ended["result"]["content"] == hashlib.sha256(wire.content).hexdigest()
    assert ended["result"]["bytes"] == len(wire.content)
    assert ended["result"]["rows"] == wire.content.count(b"\n") - 1
    assert 0 < ended["result"]["rows"] < ROWS
    record = await exchange.call_ok(party.steward, "GET", f"{DELIVERIES}/{wire.headers['exchange-delivery']}")
    assert (record["state"], record["rows"], record["entry"]) == (
        "aborted",
        ended["result"]["rows"],
        entries.index(ended),
    )


async def test_a_client_that_leaves(exchange: Exchange, parties: tuple[Party, Party, Any]) -> None:
    _, consumer, _ = parties
    wire = RawDelivery(exchange, consumer, {"dataset": "owner/long"})

    async def leave() -> None:
        wire.gone.set()
        await asyncio.sleep(0)

    wire.after_first = leave
    await wire.run()
    await check_aborted(exchange, consumer, wire, "client-left")


async def test_a_source_that_fails_on_the_way(
    exchange: Exchange, long_table: str, parties: tuple[Party, Party, Any]
) -> None:
    owner, consumer, _ = parties
    await agreed(exchange, owner, consumer, long_table, "breaking")
    wire = RawDelivery(exchange, consumer, {"dataset": "owner/breaking"})
    await wire.run()
    await check_aborted(exchange, consumer, wire, "source-failed")


async def test_a_source_that_fails_at_once_is_a_refusal(
    exchange: Exchange, embedded: Embedded, long_table: str, parties: tuple[Party, Party, Any]
) -> None:
    owner, consumer, _ = parties
    await agreed(exchange, owner, consumer, long_table, "broken")
    connection = await asyncpg.connect(**arguments(embedded.url("owner")))
    await connection.execute(
        "CREATE OR REPLACE VIEW broken AS SELECT i AS person_id, 1 / (i - 1) AS amount FROM generate_series(1, 10) i"
    )
    await connection.close()
    for accept in ("text/csv", "application/json"):
        wire = RawDelivery(exchange, consumer, {"dataset": "owner/broken"}, accept=accept)
        await wire.run()
        assert wire.status == 502
        assert json.loads(wire.content)["type"] == "/problems/source-failed"
        assert (await exchange.read_entries())[-1]["problem"] == "source-failed"
    assert not [entry for entry in await exchange.read_entries() if entry["type"] == "delivery.started"]


async def ask_for_restriction(exchange: Exchange, owner: Party) -> str:
    """The request of one of the long table's people that the owner restricts their data: the address of its granting."""
    person, runtime = Identity(f"{owner.id}/person_id", str(ROWS - 1)), exchange.runtime
    async with runtime.database.pool.acquire() as connection:
        [number] = await numbers.ensure(connection, [person.lookup(runtime.seal)])
    async with runtime.database.sessions() as session:
        work = Work(session, Caller(principal_of(new_id()), Founding()), runtime)
        new = NewPersonRequest(kind="restrict", text="x", dataset="owner/long")
        [sent] = await requests.send(work, {person: number}, new)
        await work.commit()
    return f"/api/v1/person-requests/{sent.id}/grant"


@pytest.mark.parametrize("ending", ["agreement", "key", "dataset", "exchange", "restriction"])
async def test_a_permission_that_ends_on_the_way(
    exchange: Exchange, parties: tuple[Party, Party, Any], monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    owner, consumer, agreement = parties
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.0)
    target = f"/api/v1/agreements/{agreement['id']}"
    revocation = f"/api/v1/principals/{consumer.system_id}/keys/{consumer.system.keyid}/revocation"
    restriction = await ask_for_restriction(exchange, owner) if ending == "restriction" else ""
    ends: dict[str, Callable[[], Awaitable[None]]] = {
        "agreement": lambda: exchange.call_ok(owner.steward, "POST", f"{target}/suspension", {"reason": "核查"}),
        "key": lambda: exchange.call_ok(consumer.steward, "POST", revocation),
        "dataset": lambda: exchange.call_ok(
            owner.steward, "POST", f"/api/v1/datasets/{agreement['dataset_id']}/withdrawal", {"reason": "替换"}
        ),
        "restriction": lambda: exchange.call_ok(owner.steward, "POST", restriction, {"statement": "已限制"}),
        "exchange": lambda: exchange.call_ok(
            exchange.keys["operator"], "POST", f"/api/v1/organisations/{owner.id}/suspension"
        ),
    }
    wire = RawDelivery(exchange, consumer, {"dataset": "owner/long"})
    wire.after_first = ends[ending]
    await wire.run()
    await check_aborted(exchange, consumer, wire, "permission-ended")


async def test_a_change_that_concerns_others_lets_a_stream_go_on(
    exchange: Exchange, long_table: str, parties: tuple[Party, Party, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, consumer, _ = parties
    other = await agreed(exchange, owner, consumer, long_table, "breaking")
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.0)
    target = f"/api/v1/agreements/{other['id']}/suspension"
    wire = RawDelivery(exchange, consumer, {"dataset": "owner/long"})
    wire.after_first = lambda: exchange.call_ok(owner.steward, "POST", target, {"reason": "核查"})
    await wire.run()
    assert wire.is_whole
    assert wire.content.count(b"\n") == ROWS + 1
    assert (await exchange.read_entries())[-1]["type"] == "delivery.completed"


async def test_a_server_that_stops(exchange: Exchange, parties: tuple[Party, Party, Any]) -> None:
    _, consumer, _ = parties
    wire = RawDelivery(exchange, consumer, {"dataset": "owner/long"})
    reached = asyncio.Event()

    async def hold() -> None:
        reached.set()
        await asyncio.Event().wait()

    wire.after_first = hold
    task = asyncio.create_task(wire.run())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await check_aborted(exchange, consumer, wire, "exchange-stopped")


async def test_witnesses_that_have_been_missing_for_too_long_end_what_runs(
    settings: Settings, long_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.0)
    witness, clock = CosignerKey("nowhere.example", ED25519, bytes(32)).cosigner, SettableClock(datetime.now(UTC))
    text = f"witness W {witness.vkey} http://127.0.0.1:{free_port()}\nquorum W\n"
    async with start_exchange(with_policy(settings, text, witness_cutoff=3600), clock=clock) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        dataset = await exchange.publish_dataset(
            owner, await exchange.register_table(owner, long_table, "long"), "long"
        )
        await exchange.conclude_agreement(consumer, owner, dataset)
        coverage = exchange.runtime[Coverage]
        async with asyncio.timeout(30):
            while coverage.since is None:  # noqa: ASYNC110 - the watch of this process
                await asyncio.sleep(0.02)

        async def pass_cutoff() -> None:
            clock.move(timedelta(seconds=seconds))

        seconds, whole = 3600, RawDelivery(exchange, consumer, {"dataset": "owner/long"})
        whole.after_first = pass_cutoff
        await whole.run()
        assert whole.is_whole
        seconds, wire = 1, RawDelivery(exchange, consumer, {"dataset": "owner/long"})
        wire.after_first = pass_cutoff
        await wire.run()
        await check_aborted(exchange, consumer, wire, "exchange-stopped")


async def test_both_sides_see_a_stream_and_nobody_else(exchange: Exchange, parties: tuple[Party, Party, Any]) -> None:
    owner, consumer, _ = parties
    stranger = await exchange.admit("stranger")
    wire = RawDelivery(exchange, consumer, {"dataset": "owner/long", "fields": ["person_id"]})
    await wire.run()
    target = f"{DELIVERIES}/{wire.headers['exchange-delivery']}"
    for key in (owner.steward, consumer.steward, consumer.system):
        assert (await exchange.call_ok(key, "GET", target))["state"] == "completed"
    assert (await exchange.call(stranger.steward, "GET", target)).problem == "not-found"
    assert (await exchange.send("GET", target, {})).problem == "signature-missing"


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


async def test_limits(exchange: Exchange, parties: tuple[Party, Party, Any], subtests: pytest.Subtests) -> None:
    _, consumer, _ = parties
    for limit, accept in ((100, "application/json"), (5000, "application/json"), (7, "text/csv"), (6001, "text/csv")):
        wire = RawDelivery(exchange, consumer, {"dataset": "owner/long", "limit": limit}, accept=accept)
        await wire.run()
        with subtests.test(f"{limit} as {accept}"):
            assert wire.status == 200, wire.content.decode()
            is_json = accept == "application/json"
            assert limit == (len(json.loads(wire.content)["rows"]) if is_json else wire.content.count(b"\n") - 1)
            # A page's digest precedes it; a stream's is in its last entry, and at the delivery's own address.
            digest = digest_field(hashlib.sha256(wire.content).digest())
            assert wire.headers.get("content-digest") == (digest if limit != 6001 else None)
            if limit == 6001:
                target = f"{DELIVERIES}/{wire.headers['exchange-delivery']}"
                assert (await exchange.call_ok(consumer.system, "GET", target))["content"] == digest


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream"])
async def test_a_stream_states_whether_the_row_cap_cut_it(exchange: Exchange, long_table: str, accept: str) -> None:
    """A cap of all rows cuts nothing; one row fewer does, and the row that is looked at beyond it does not leave."""
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    for source in (
        await exchange.register_table(owner, long_table, "broken"),
        await exchange.register_file(owner, b"person_id,amount\n" + b"".join(b"%d,%d\n" % (n, n) for n in range(10))),
    ):
        handle = f"d{source['kind']}"
        dataset = await exchange.publish_dataset(owner, source, handle)
        agreement = await exchange.conclude_agreement(consumer, owner, dataset)
        target = f"/api/v1/agreements/{agreement['id']}/narrowing"
        for cap, is_cut in ((10, False), (9, True)):
            await exchange.call_ok(owner.steward, "POST", target, {"row_cap": cap, "reason": "fewer rows"})
            wire = RawDelivery(exchange, consumer, {"dataset": f"owner/{handle}"}, accept=accept)
            await wire.run()
            assert "exchange-cut-by-row-cap" not in wire.headers, "it is not known before the first byte"
            ended = await exchange.call_ok(consumer.system, "GET", f"{DELIVERIES}/{wire.headers['exchange-delivery']}")
            assert (ended["state"], ended["rows"], ended["cut_by_row_cap"]) == ("completed", cap, is_cut)
            if "arrow" in accept:
                assert pa.ipc.open_stream(wire.content).read_all().num_rows == cap
            else:
                assert wire.content.count(b"\n") == cap + (accept == "text/csv")


async def test_a_row_cap_holds_for_pages_and_streams(exchange: Exchange, long_table: str) -> None:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_table(owner, long_table, "long")
    dataset = await exchange.publish_dataset(owner, source, "long", terms={"row_cap": 40})
    await exchange.conclude_agreement(consumer, owner, dataset, row_cap=30)
    for accept, limit in (("text/csv", None), ("text/csv", 35), ("application/x-ndjson", 6000)):
        wire = RawDelivery(
            exchange, consumer, {"dataset": "owner/long"} | ({"limit": limit} if limit else {}), accept=accept
        )
        await wire.run()
        assert wire.content.count(b"\n") == 30 + (accept == "text/csv")
