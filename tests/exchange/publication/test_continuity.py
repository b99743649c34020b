"""The ledger is never signed twice: restored backups, copies, lost anchors and crashes between the anchor and the database."""

import asyncio
import inspect
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from admin import databases
from exchange.agreements.tasks import EXPIRY
from exchange.kernel.clock import SettableClock
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.kernel.loops import Loops
from exchange.publication.parts import CHECKPOINTS
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from ledger.format import checkpoint, merkle, note
from ledger.log import archive, publication, store
from ledger.log.anchor import Anchor, AnchorMoved
from ledger.verification.verify import verify
from tests.support.commands import Ran, typed
from tests.support.founded import empty, founded, resumed
from tests.support.world import World


class Copies:
    """Databases of this test's own on the worker's server: the exchange's, and what a backup of it holds."""

    def __init__(self, embedded: Embedded) -> None:
        self._embedded = embedded
        self._prefix = secrets.token_hex(4)

    def url(self, name: str) -> str:
        return self._embedded.url("exchange_test" if name == "live" else f"{self._prefix}_{name}")

    async def copy(self, source: str, target: str) -> str:
        """A copy of a database that nobody is connected to."""
        template = "exchange_test" if source == "live" else f"{self._prefix}_{source}"
        connection = await asyncpg.connect(**arguments(self._embedded.url("postgres")))
        await connection.execute(f'CREATE DATABASE "{self._prefix}_{target}" TEMPLATE "{template}"')
        await connection.close()
        return self.url(target)


@pytest.fixture
def copies(embedded: Embedded) -> Copies:
    return Copies(embedded)


@pytest.fixture
async def exchange(copies: Copies, settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """The settings of a founded exchange on the worker's database, whose backup `backup` was made early."""
    async with founded(settings) as world:
        await covered(world)
    if "copies" in inspect.signature(request.function).parameters:
        await copies.copy("live", "backup")
    async with resumed(settings) as world:
        await refused(world)
        await covered(world)
    return settings


def on(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(url)})


async def refused(world: World) -> int:
    """Have the exchange put something on the ledger: the refusal of a request by nobody it knows."""
    answer = await world.call(world.keys["auditor"], "GET", "/api/v1/audit/entries?limit=1")
    assert answer.status in {200, 401}, answer.content
    return int(answer.headers["exchange-entry"])


async def covered(world: World) -> publication.Published:
    """The checkpoint that covers everything there is."""
    for _ in range(400):
        async with world.app.state.runtime.database.pool.acquire() as connection:
            newest = await publication.latest(connection)
            if newest and newest.size == (await store.read_head(connection)).size:
                return newest
        await asyncio.sleep(0.02)
    raise AssertionError("no checkpoint")


async def state(url: str) -> store.Head:
    connection = await asyncpg.connect(**arguments(url))
    try:
        return await store.read_head(connection)
    finally:
        await connection.close()


async def signed(url: str) -> dict[int, str]:
    connection = await asyncpg.connect(**arguments(url))
    try:
        return {one.size: one.note for one in await publication.checkpoints(connection, after=0, limit=1000)}
    finally:
        await connection.close()


async def halts(world: World) -> str:
    """Wait until the exchange says that it takes nothing in; returns why."""
    for _ in range(400):
        answer = await world.send("GET", "/readyz", {})
        if answer.status == 503:
            assert answer.problem == "ledger-halted"
            return str(answer.json["detail"])
        await asyncio.sleep(0.02)
    raise AssertionError("it does not halt")


@asynccontextmanager
async def copied(settings: Settings, copies: Copies, name: str) -> AsyncIterator[World]:
    """The exchange as a second instance over a copy of its backup."""
    async with resumed(on(settings, await copies.copy("backup", name))) as world:
        yield world


async def test_a_restored_backup_neither_signs_nor_takes_in_anything(
    exchange: Settings, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await signed(copies.url("backup"))
    async with copied(exchange, copies, "restored") as world:
        entries = len(await world.entries())
        assert "entries" in await halts(world)
        for target in ("/api/v1/deliveries?dataset=demo/people", "/api/v1/audit/entries"):
            answer = await world.call(world.keys["auditor"], "GET", target, purpose="talent-service")
            assert (answer.status, answer.problem) == (503, "ledger-halted")
            assert "exchange-entry" not in answer.headers
        unsigned = await world.send("GET", "/ledger/checkpoint", {})
        assert unsigned.status == 200  # what was published can still be read
        for name in (CHECKPOINTS, EXPIRY):
            await world.app.state.runtime[Loops][name].tick()
        assert len(await world.entries()) == entries
    assert await signed(copies.url("restored")) == before
    standing = await databases.standing(copies.url("restored"), on(exchange, copies.url("restored")))
    assert standing.not_continued
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", copies.url("restored"))
    health = await asyncio.to_thread(typed, "health", "--data", exchange.data)
    assert health.status == 1
    assert "NOTHING IS SIGNED OR TAKEN IN" in health.out
    async with resumed(exchange) as world:  # the right database goes on
        await refused(world)
        await covered(world)


async def test_a_backup_that_went_on_by_itself_is_a_fork(exchange: Settings, copies: Copies) -> None:
    """With as many entries as were signed, and more: other ones."""
    url = await fork(exchange, copies)
    before = await signed(url)
    async with resumed(on(exchange, url)) as world:
        assert "not those that were signed" in await halts(world)
    assert await signed(url) == before


async def fork(exchange: Settings, copies: Copies) -> str:
    """The URL of a copy of the backup that went on by itself, further than the exchange did."""
    url = await copies.copy("backup", "forked")
    elsewhere = on(exchange, url).model_copy(update={"ledger_anchor": exchange.data / "other"})
    connection = await asyncpg.connect(**arguments(url))
    newest = await publication.latest(connection)
    await connection.close()
    assert newest is not None
    Anchor(exchange.data / "other", exchange.origin()).swap(None, newest.note)
    async with resumed(elsewhere) as world:
        for _ in range(5):
            await refused(world)
        await covered(world)
    assert (await state(url)).size > (await state(copies.url("live"))).size
    return url


async def test_entries_changed_below_the_anchor_halt(exchange: Settings, copies: Copies) -> None:
    """The last checkpoint is gone with its entries, and others stand in their place."""
    connection = await asyncpg.connect(**arguments(copies.url("live")))
    await connection.execute("SET session_replication_role = replica")
    last = await connection.fetchval("SELECT max(size) FROM ledger_checkpoint")
    await connection.execute("DELETE FROM ledger_checkpoint WHERE size = $1", last)
    await connection.execute("UPDATE ledger_entry SET leaf_hash = sha256(leaf_hash) WHERE seq = $1", last - 1)
    await connection.close()
    async with resumed(exchange) as world:
        assert "not those that were signed" in await halts(world)


async def test_two_instances_with_one_anchor_cannot_both_sign(exchange: Settings, copies: Copies) -> None:
    await copies.copy("live", "twin")
    twin = on(exchange, copies.url("twin"))
    async with resumed(exchange) as one, resumed(twin) as two:
        await covered(one)
        await covered(two)
        await asyncio.gather(refused(one), refused(two), return_exceptions=True)
        for world in (one, two):
            for _ in range(100):
                await asyncio.sleep(0.02)
                if (await world.send("GET", "/readyz", {})).status == 503:
                    break
        verdicts = sorted([(await world.send("GET", "/readyz", {})).status for world in (one, two)])
    assert verdicts == [200, 503]
    ours, theirs = await signed(copies.url("live")), await signed(copies.url("twin"))
    both = ours.keys() & theirs.keys()
    assert both
    assert {size: ours[size] for size in both} == {size: theirs[size] for size in both}


async def test_two_instances_on_one_database_share_the_work(exchange: Settings, copies: Copies) -> None:
    async with resumed(exchange) as one:
        async with resumed(exchange) as two:
            await asyncio.gather(*(refused(world) for world in (one, two) for _ in range(5)))
            await covered(one)
            assert (await two.send("GET", "/readyz", {})).status == 200
        await refused(one)
        await covered(one)


async def test_a_lost_anchor_halts_until_it_is_back_or_made_anew(
    exchange: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchor = Anchor(exchange.anchor, exchange.origin())
    kept = anchor.path.rename(exchange.data / "kept")
    async with resumed(exchange) as world:
        assert "anchor" in await halts(world)
        kept.rename(anchor.path)
        await refused_at_last(world)
        newest = await covered(world)
    anchor.path.unlink()
    assert (await operate(exchange, monkeypatch, "anchor")).status == 0
    assert anchor.read() == newest.note
    again = await operate(exchange, monkeypatch, "anchor")
    assert again.status == 1
    assert "lost" in again.err


async def refused_at_last(world: World) -> None:
    for _ in range(400):
        if (await world.send("GET", "/readyz", {})).status == 200:
            break
        await asyncio.sleep(0.02)
    await refused(world)


async def operate(settings: Settings, monkeypatch: pytest.MonkeyPatch, *words: str) -> Ran:
    assert settings.database_url is not None
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", settings.database_url.get_secret_value())
    return await asyncio.to_thread(typed, "ledger", *words, "--data", settings.data)


class Broken(Anchor):
    """An anchor whose process is cut off right after the swap."""

    def swap(self, expected: str | None, new: str) -> None:
        super().swap(expected, new)
        raise ConnectionResetError


async def test_a_crash_between_anchor_and_database_mends_itself(exchange: Settings, copies: Copies) -> None:
    async with resumed(exchange) as world:
        key, anchor = world.app.state.runtime[Publisher].first, world.app.state.runtime[Publisher]._anchor
        await covered(world)
        world.app.state.runtime[Publisher]._anchor = Broken(exchange.anchor, exchange.origin())
        index = await refused(world)
        for _ in range(400):
            opened = checkpoint.open(anchor.read() or "", key)
            if opened.size == index + 1:
                break
            await asyncio.sleep(0.02)
        assert opened.size == index + 1
        assert index + 1 not in await signed(copies.url("live"))
        await refused(world)
    async with resumed(exchange) as world:
        await refused(world)
        newest = await covered(world)
        leaves = [(await world.send("GET", f"/ledger/entries/{n}", {})).content for n in range(newest.size)]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    assert opened.root == merkle.root(hashes[: opened.size])
    for size, text in (await signed(copies.url("live"))).items():
        assert checkpoint.open(text, key).root == merkle.root(hashes[:size])


async def test_a_clock_set_back_changes_nothing(exchange: Settings) -> None:
    async with resumed(exchange) as world:
        earlier = SettableClock(world.now - timedelta(days=400))
    async with resumed(exchange, clock=earlier) as world:
        assert (await world.send("GET", "/readyz", {})).status == 200
        await refused(world)
        await covered(world)


async def test_what_was_lost_is_said_in_the_first_entry_of_a_new_incarnation(
    exchange: Settings, copies: Copies, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    last = Anchor(exchange.anchor, exchange.origin()).read()
    fine = await operate(exchange, monkeypatch, "new-incarnation", "--yes")
    assert fine.status == 1
    assert "nothing to begin anew" in fine.err

    url = await copies.copy("backup", "restored")
    restored = on(exchange, url)
    before = await state(url)
    done = await operate(restored, monkeypatch, "new-incarnation", "--yes")
    assert done.status == 0, done.err
    head = await state(url)
    assert (head.size, head.incarnation, head.halted) == (1, 2, None)
    assert head.fence > before.fence + 2**31
    async with resumed(restored) as world:
        assert world.app.state.runtime.origin.endswith("/ledger/2")
        [first] = await world.entries()
        assert first["type"] == "ledger.incarnated"
        assert (first["predecessor"], first["checkpoint"]) == (exchange.origin(), last)
        assert first["kept"] == before.size
        await refused(world)
        newest = await covered(world)
        verifier = note.Verifier.parse(first["vkey"])
        assert checkpoint.open(newest.note, verifier).origin == exchange.origin(2)
        known = json.loads((await world.send("GET", "/.well-known/data-exchange", {})).content)
        assert (known["origin"], known["vkey"]) == (exchange.origin(2), first["vkey"])

    # The old ledger is an archive that verifies, and can be read in the database, and changed nowhere.
    old = (exchange.data / "archive" / "1" / "vkey").read_text().strip()
    report = verify(exchange.data / "archive" / "1", verifier=note.Verifier.parse(old))
    assert report.is_ok, report.text()
    connection = await asyncpg.connect(**arguments(url))
    await connection.execute("SET ROLE exchange_app")
    assert await connection.fetchval("SELECT count(*) FROM ledger_1.ledger_entry") == before.size
    for table in ("ledger_entry", "ledger_1.ledger_entry"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"DELETE FROM {table}")
    await connection.execute("RESET ROLE")
    for table in ("ledger_entry", "ledger_1.ledger_entry"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await connection.execute(f"DELETE FROM {table}")
    await connection.close()

    # The old one is closed, even for the database that has all of it.
    async with resumed(exchange) as world:
        assert "goes on as" in await halts(world)
    # And a backup of the time before is not a way back into the second.
    third = on(exchange, await copies.copy("backup", "third"))
    assert (await operate(third, monkeypatch, "new-incarnation", "--yes")).status == 0
    async with resumed(third) as world:
        assert world.app.state.runtime.origin.endswith("/ledger/3")
        [first] = await world.entries()
        assert (first["predecessor"], first["checkpoint"]) == (exchange.origin(2), newest.note)
    assert sorted(one.name for one in (exchange.data / "archive").iterdir()) == ["1"]  # the archive of the same entries


async def test_a_new_incarnation_that_was_broken_off_is_finished_by_the_next_attempt(
    exchange: Settings, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored = on(exchange, await copies.copy("backup", "restored"))
    Anchor(exchange.anchor, exchange.origin()).close(exchange.origin(2))
    async with resumed(restored) as world:
        assert "goes on as" in await halts(world)
    assert (await operate(restored, monkeypatch, "new-incarnation", "--yes")).status == 0
    async with resumed(restored) as world:
        assert world.app.state.runtime.origin.endswith("/ledger/2")
        await covered(world)


async def test_an_archive_of_another_copy_is_set_aside(
    exchange: Settings, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt on a copy that went its own way was broken off, and the next one is on the right backup."""
    forked = await fork(exchange, copies)
    async with resumed(exchange) as world:
        first = world.app.state.runtime[Publisher].first
    where = exchange.data / "archive" / "1"
    connection = await asyncpg.connect(**arguments(forked))
    assert await archive.write(connection, where, first) == max(await signed(forked))
    await connection.close()
    restored = await copies.copy("backup", "restored")
    ours, theirs = await signed(restored), await signed(forked)
    assert max(ours) < max(theirs)
    assert (await operate(on(exchange, restored), monkeypatch, "new-incarnation", "--yes")).status == 0
    assert verify(where, verifier=first).is_ok
    assert (where / "checkpoint").read_text() == ours[max(ours)]
    [aside] = where.parent.glob("1-aside-*")
    assert (aside / "checkpoint").read_text() == theirs[max(theirs)]
    assert verify(aside, verifier=first).is_ok


async def test_an_exchange_is_not_founded_again_over_its_anchor(
    exchange: Settings, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = copies.url("live")
    await empty(url)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    done = await asyncio.to_thread(typed, "init", "--code", "12330000MB0000001H", "--data", exchange.data)
    assert done.status == 1
    assert "was begun before" in done.err
    assert (await state(url)).size == 0


def test_the_anchor_swaps_only_from_what_it_holds(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "medium", "a/b/1")
    assert anchor.read() is None
    anchor.swap(None, "one")
    with pytest.raises(AnchorMoved):
        anchor.swap(None, "two")
    anchor.swap("one", "one")
    anchor.swap("one", "two")
    assert Anchor(tmp_path / "medium", "a/b/1").read() == "two"
    assert Anchor(tmp_path / "medium", "a/b/2").read() is None
    anchor.close("a/b/2")
    anchor.close("a/b/2")
    with pytest.raises(AnchorMoved):
        anchor.close("a/b/3")
    with pytest.raises(AnchorMoved):
        anchor.swap("two", "three")
    assert {path.name for path in (tmp_path / "medium").iterdir()} == {
        f"a%2Fb%2F1.{kind}" for kind in ("checkpoint", "closed", "lock")
    }
