"""The ledger is never signed twice: restored backups, copies, lost anchors and crashes between the anchor and the database."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from admin import database
from exchange.agreements.tasks import EXPIRY
from exchange.kernel.clock import SettableClock
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.kernel.loops import Loops
from exchange.publication.parts import CHECKPOINTS
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from ledger.format import checkpoint, merkle, note
from ledger.log import archive, publication
from ledger.log.anchor import Anchor, AnchorMoved
from ledger.verification.verify import verify
from tests.support.exchanges.continuity import (
    DatabaseCopies,
    append_refusal,
    read_checkpoints,
    read_head,
    run_ledger_command,
    wait_for_checkpoint,
    wait_until_halted,
    with_database,
)
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import delete_rows, restart_exchange, start_exchange
from tests.support.processes.commands import run_in_process


@pytest.fixture
def copies(embedded: Embedded) -> DatabaseCopies:
    return DatabaseCopies(embedded)


@pytest.fixture
async def founded_settings(copies: DatabaseCopies, settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """The settings of a founded exchange on the worker's database, whose backup `backup` was made early."""
    async with start_exchange(settings) as exchange:
        await wait_for_checkpoint(exchange)
    if "copies" in inspect.signature(request.function).parameters:
        await copies.copy("live", "backup")
    async with restart_exchange(settings) as exchange:
        await append_refusal(exchange)
        await wait_for_checkpoint(exchange)
    return settings


@asynccontextmanager
async def copied(settings: Settings, copies: DatabaseCopies, name: str) -> AsyncIterator[Exchange]:
    """The exchange as a second instance over a copy of its backup."""
    async with restart_exchange(with_database(settings, await copies.copy("backup", name))) as exchange:
        yield exchange


async def test_a_restored_backup_neither_signs_nor_takes_in_anything(
    founded_settings: Settings, copies: DatabaseCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await read_checkpoints(copies.url("backup"))
    async with copied(founded_settings, copies, "restored") as exchange:
        entries = len(await exchange.read_entries())
        assert "entries" in await wait_until_halted(exchange)
        for target in ("/api/v1/deliveries?dataset=demo/people", "/api/v1/audit/entries"):
            answer = await exchange.call(exchange.keys["auditor"], "GET", target, purpose="talent-service")
            assert (answer.status, answer.problem) == (503, "ledger-halted")
            assert "exchange-entry" not in answer.headers
        unsigned = await exchange.send("GET", "/ledger/checkpoint", {})
        assert unsigned.status == 200  # what was published can still be read
        for name in (CHECKPOINTS, EXPIRY):
            await exchange.runtime[Loops][name].tick()
        assert len(await exchange.read_entries()) == entries
    assert await read_checkpoints(copies.url("restored")) == before
    standing = await database.state_of(copies.url("restored"), with_database(founded_settings, copies.url("restored")))
    assert standing.not_continued
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", copies.url("restored"))
    health = await asyncio.to_thread(run_in_process, "health", "--data", founded_settings.data)
    assert health.status == 1
    assert "NOTHING IS SIGNED OR TAKEN IN" in health.out
    async with restart_exchange(founded_settings) as exchange:  # the right database goes on
        await append_refusal(exchange)
        await wait_for_checkpoint(exchange)


async def test_a_backup_that_went_on_by_itself_is_a_fork(founded_settings: Settings, copies: DatabaseCopies) -> None:
    """The copy has as many entries as were signed, and more, but other ones."""
    url = await fork(founded_settings, copies)
    before = await read_checkpoints(url)
    async with restart_exchange(with_database(founded_settings, url)) as exchange:
        assert "not those that were signed" in await wait_until_halted(exchange)
    assert await read_checkpoints(url) == before


async def fork(founded_settings: Settings, copies: DatabaseCopies) -> str:
    """The URL of a copy of the backup that went on by itself, further than the exchange did."""
    url = await copies.copy("backup", "forked")
    elsewhere = with_database(founded_settings, url).model_copy(
        update={"ledger_anchor": founded_settings.data / "other"}
    )
    connection = await asyncpg.connect(**arguments(url))
    newest = await publication.latest(connection)
    await connection.close()
    assert newest is not None
    Anchor(founded_settings.data / "other", founded_settings.origin()).swap(None, newest.note)
    async with restart_exchange(elsewhere) as exchange:
        for _ in range(5):
            await append_refusal(exchange)
        await wait_for_checkpoint(exchange)
    assert (await read_head(url)).size > (await read_head(copies.url("live"))).size
    return url


async def test_entries_changed_below_the_anchor_halt(founded_settings: Settings, copies: DatabaseCopies) -> None:
    """The last checkpoint is gone with its entries, and others stand in their place."""
    connection = await asyncpg.connect(**arguments(copies.url("live")))
    await connection.execute("SET session_replication_role = replica")
    last = await connection.fetchval("SELECT max(size) FROM ledger_checkpoint")
    await connection.execute("DELETE FROM ledger_checkpoint WHERE size = $1", last)
    await connection.execute("UPDATE ledger_entry SET leaf_hash = sha256(leaf_hash) WHERE seq = $1", last - 1)
    await connection.close()
    async with restart_exchange(founded_settings) as exchange:
        assert "not those that were signed" in await wait_until_halted(exchange)


async def test_two_instances_with_one_anchor_cannot_both_sign(
    founded_settings: Settings, copies: DatabaseCopies
) -> None:
    await copies.copy("live", "twin")
    twin = with_database(founded_settings, copies.url("twin"))
    async with restart_exchange(founded_settings) as original, restart_exchange(twin) as copy:
        await wait_for_checkpoint(original)
        await wait_for_checkpoint(copy)
        await asyncio.gather(append_refusal(original), append_refusal(copy), return_exceptions=True)
        for exchange in (original, copy):
            for _ in range(100):
                await asyncio.sleep(0.02)
                if (await exchange.send("GET", "/readyz", {})).status == 503:
                    break
        verdicts = sorted([(await exchange.send("GET", "/readyz", {})).status for exchange in (original, copy)])
    assert verdicts == [200, 503]
    ours, theirs = await read_checkpoints(copies.url("live")), await read_checkpoints(copies.url("twin"))
    both = ours.keys() & theirs.keys()
    assert both
    assert {size: ours[size] for size in both} == {size: theirs[size] for size in both}


async def test_two_instances_on_one_database_share_the_work(founded_settings: Settings, copies: DatabaseCopies) -> None:
    async with restart_exchange(founded_settings) as first:
        async with restart_exchange(founded_settings) as second:
            await asyncio.gather(*(append_refusal(exchange) for exchange in (first, second) for _ in range(5)))
            await wait_for_checkpoint(first)
            assert (await second.send("GET", "/readyz", {})).status == 200
        await append_refusal(first)
        await wait_for_checkpoint(first)


async def test_a_lost_anchor_halts_until_it_is_back_or_made_anew(
    founded_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchor = Anchor(founded_settings.anchor, founded_settings.origin())
    moved = anchor.path.rename(founded_settings.data / "kept")
    async with restart_exchange(founded_settings) as exchange:
        assert "anchor" in await wait_until_halted(exchange)
        moved.rename(anchor.path)
        await refused_at_last(exchange)
        newest = await wait_for_checkpoint(exchange)
    anchor.path.unlink()
    assert (await run_ledger_command(founded_settings, monkeypatch, "anchor")).status == 0
    assert anchor.read() == newest.note
    repeated = await run_ledger_command(founded_settings, monkeypatch, "anchor")
    assert repeated.status == 1
    assert "lost" in repeated.err


async def refused_at_last(exchange: Exchange) -> None:
    for _ in range(400):
        if (await exchange.send("GET", "/readyz", {})).status == 200:
            break
        await asyncio.sleep(0.02)
    await append_refusal(exchange)


class Broken(Anchor):
    """An anchor whose process is cut off right after the swap."""

    def swap(self, expected: str | None, new: str) -> None:
        super().swap(expected, new)
        raise ConnectionResetError


async def test_a_crash_between_anchor_and_database_mends_itself(
    founded_settings: Settings, copies: DatabaseCopies
) -> None:
    async with restart_exchange(founded_settings) as exchange:
        key, anchor = exchange.runtime[Publisher].first, exchange.runtime[Publisher]._anchor
        await wait_for_checkpoint(exchange)
        exchange.runtime[Publisher]._anchor = Broken(founded_settings.anchor, founded_settings.origin())
        index = await append_refusal(exchange)
        for _ in range(400):
            opened = checkpoint.open(anchor.read() or "", key)
            if opened.size == index + 1:
                break
            await asyncio.sleep(0.02)
        assert opened.size == index + 1
        assert index + 1 not in await read_checkpoints(copies.url("live"))
        await append_refusal(exchange)
    async with restart_exchange(founded_settings) as exchange:
        await append_refusal(exchange)
        newest = await wait_for_checkpoint(exchange)
        leaves = [(await exchange.send("GET", f"/ledger/entries/{n}", {})).content for n in range(newest.size)]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    assert opened.root == merkle.root(hashes[: opened.size])
    for size, text in (await read_checkpoints(copies.url("live"))).items():
        assert checkpoint.open(text, key).root == merkle.root(hashes[:size])


async def test_a_clock_set_back_changes_nothing(founded_settings: Settings) -> None:
    async with restart_exchange(founded_settings) as exchange:
        earlier = SettableClock(exchange.now - timedelta(days=400))
    async with restart_exchange(founded_settings, clock=earlier) as exchange:
        assert (await exchange.send("GET", "/readyz", {})).status == 200
        await append_refusal(exchange)
        await wait_for_checkpoint(exchange)


async def test_what_was_lost_is_said_in_the_first_entry_of_a_new_incarnation(
    founded_settings: Settings, copies: DatabaseCopies, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    last = Anchor(founded_settings.anchor, founded_settings.origin()).read()
    fine = await run_ledger_command(founded_settings, monkeypatch, "new-incarnation", "--yes")
    assert fine.status == 1
    assert "it needs no new incarnation" in fine.err

    url = await copies.copy("backup", "restored")
    restored = with_database(founded_settings, url)
    before = await read_head(url)
    result = await run_ledger_command(restored, monkeypatch, "new-incarnation", "--yes")
    assert result.status == 0, result.err
    head = await read_head(url)
    assert (head.size, head.incarnation, head.halted) == (1, 2, None)
    assert head.fence > before.fence + 2**31
    async with restart_exchange(restored) as exchange:
        assert exchange.runtime.origin.endswith("/ledger/2")
        [first] = await exchange.read_entries()
        assert first["type"] == "ledger.incarnated"
        assert (first["predecessor"], first["checkpoint"]) == (founded_settings.origin(), last)
        assert first["kept"] == before.size
        await append_refusal(exchange)
        newest = await wait_for_checkpoint(exchange)
        verifier = note.Verifier.parse(first["vkey"])
        assert checkpoint.open(newest.note, verifier).origin == founded_settings.origin(2)
        known = json.loads((await exchange.send("GET", "/.well-known/data-exchange", {})).content)
        assert (known["origin"], known["vkey"]) == (founded_settings.origin(2), first["vkey"])

    # The old ledger is an archive that verifies, and can be read in the database, and changed nowhere.
    old = (founded_settings.data / "archive" / "1" / "vkey").read_text().strip()
    report = verify(founded_settings.data / "archive" / "1", verifier=note.Verifier.parse(old))
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
    async with restart_exchange(founded_settings) as exchange:
        assert "goes on as" in await wait_until_halted(exchange)
    # A backup of the time before does not lead back into the second incarnation.
    third = with_database(founded_settings, await copies.copy("backup", "third"))
    assert (await run_ledger_command(third, monkeypatch, "new-incarnation", "--yes")).status == 0
    async with restart_exchange(third) as exchange:
        assert exchange.runtime.origin.endswith("/ledger/3")
        [first] = await exchange.read_entries()
        assert (first["predecessor"], first["checkpoint"]) == (founded_settings.origin(2), newest.note)
    assert sorted(path.name for path in (founded_settings.data / "archive").iterdir()) == [
        "1"
    ]  # the archive of the same entries


async def test_a_new_incarnation_that_was_broken_off_is_finished_by_the_next_attempt(
    founded_settings: Settings, copies: DatabaseCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored = with_database(founded_settings, await copies.copy("backup", "restored"))
    Anchor(founded_settings.anchor, founded_settings.origin()).close(founded_settings.origin(2))
    async with restart_exchange(restored) as exchange:
        assert "goes on as" in await wait_until_halted(exchange)
    assert (await run_ledger_command(restored, monkeypatch, "new-incarnation", "--yes")).status == 0
    async with restart_exchange(restored) as exchange:
        assert exchange.runtime.origin.endswith("/ledger/2")
        await wait_for_checkpoint(exchange)


async def test_an_archive_of_another_copy_is_set_aside(
    founded_settings: Settings, copies: DatabaseCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt on a copy that went its own way was broken off, and the next one is on the right backup."""
    forked = await fork(founded_settings, copies)
    async with restart_exchange(founded_settings) as exchange:
        first = exchange.runtime[Publisher].first
    where = founded_settings.data / "archive" / "1"
    connection = await asyncpg.connect(**arguments(forked))
    assert await archive.write(connection, where, first) == max(await read_checkpoints(forked))
    await connection.close()
    restored = await copies.copy("backup", "restored")
    ours, theirs = await read_checkpoints(restored), await read_checkpoints(forked)
    assert max(ours) < max(theirs)
    assert (
        await run_ledger_command(with_database(founded_settings, restored), monkeypatch, "new-incarnation", "--yes")
    ).status == 0
    assert verify(where, verifier=first).is_ok
    assert (where / "checkpoint").read_text() == ours[max(ours)]
    [aside] = where.parent.glob("1-aside-*")
    assert (aside / "checkpoint").read_text() == theirs[max(theirs)]
    assert verify(aside, verifier=first).is_ok


async def test_an_exchange_is_not_founded_again_over_its_anchor(
    founded_settings: Settings, copies: DatabaseCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = copies.url("live")
    await delete_rows(url)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    result = await asyncio.to_thread(
        run_in_process, "init", "--code", "12330000MB0000001H", "--data", founded_settings.data
    )
    assert result.status == 1
    assert "was begun before" in result.err
    assert (await read_head(url)).size == 0


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
