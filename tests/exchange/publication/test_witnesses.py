"""Checkpoints and their witnesses: real witnesses that answer, die, come back, and know better."""

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx2
import pytest

from admin import database
from admin.server.reaching import free_port
from admin.terminal import CannotDo
from exchange.app import create_app
from exchange.kernel.embedded import Embedded
from exchange.publication.publisher import Publisher
from exchange.publication.witness_policy import PolicyUnusable
from exchange.settings import Settings
from ledger.format import checkpoint, note, trust_policy
from ledger.format import trust_policy as policy
from ledger.format.cosignature import Cosigner, CosignerKey
from ledger.format.further import Kind
from ledger.format.receipt import Receipt
from ledger.format.rotation import History
from ledger.log import continuity
from ledger.log.anchor import Anchor
from ledger.verification import mirror
from ledger.verification.report import Code
from ledger.verification.verify import verify
from tests.support.exchanges.continuity import DatabaseCopies, with_database
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.populated import PopulatedExchange, populate
from tests.support.exchanges.starting import delete_rows, restart_exchange, start_exchange
from tests.support.exchanges.witnessed import (
    is_covered,
    is_halted,
    is_logged,
    ledger_signer,
    ledger_size,
    newest_checkpoint,
    read_anchor,
    wait_until,
    with_policy,
)
from tests.support.processes.commands import run_in_process
from tests.support.processes.readiness import readiness
from tests.support.processes.server import serve_exchange, settings_on
from tests.support.services import witnesses


@pytest.mark.endurance
async def test_a_checkpoint_has_its_quorum_before_it_is_the_newest(empty_database: str, tmp_path: Path) -> None:
    """Two of ours and one that nobody here wrote; the export shows what they did."""
    settings = settings_on(free_port(), database_url=empty_database, data=tmp_path / "data")
    settings.data.mkdir()
    log = ledger_signer(settings)
    with ExitStack() as stack:
        running = []
        for number in (1, 2):
            witnesses.make_witness(tmp_path / f"w{number}", log.vkey, name=f"witness.example/w{number}")
            running.append(stack.enter_context(witnesses.serve_witness(tmp_path / f"w{number}")))
        running.append(stack.enter_context(witnesses.serve_litewitness(tmp_path / "lite", log.verifier)))
        lines = [f"log {log.vkey}", f"witness ed25519 {running[0].vkeys[0]} {running[0].url}"]
        lines += [f"witness ml-dsa {running[1].vkeys[1]} {running[1].url}/"]
        lines += [f"witness lite {running[2].vkeys[0]} {running[2].url}", "group g 2 ed25519 ml-dsa lite", "quorum g"]
        settings = with_policy(settings, "\n".join(lines) + "\n")
        trusted = policy.parse("\n".join(lines) + "\n")
        async with start_exchange(settings) as exchange:
            await wait_until(lambda: is_covered(exchange))
            await exchange.admit("one")
            await wait_until(lambda: is_covered(exchange))
        with serve_exchange(settings, workers=2):
            url = settings.public_url
            assert trust_policy.parse(httpx2.get(f"{url}/ledger/policy").content).groups == trusted.groups
            assert "http" not in httpx2.get(f"{url}/ledger/policy").text
            exported = await asyncio.to_thread(mirror.export, url, tmp_path / "bundle", verifier=log.verifier)
            assert exported.report.is_ok, exported.report.text()
            assert "the newest checkpoint is cosigned by 'ed25519', 'ml-dsa', 'lite'" in exported.report.text()
    examine(tmp_path / "bundle", log, trusted)


def examine(bundle: Path, log: note.Signer, trusted: trust_policy.TrustPolicy) -> None:
    """Verify the export with `ledger verify`, as it is and with altered cosignatures."""
    signed = (bundle / "checkpoint").read_text()
    text, lines = note.split(signed)
    assert len(lines) == 4
    reordered = text + "\n" + "".join(note.line(name, line[:4], line[4:]) for name, line in reversed(lines))
    (bundle / "checkpoint").write_text(reordered)
    assert verify(bundle, verifier=log.verifier).is_ok
    [(name, line)] = [line for line in lines if line[0] == "witness.example/w1"]
    bad = signed.replace(note.line(name, line[:4], line[4:]), note.line(name, line[:4], bytes(len(line) - 4)))
    (bundle / "checkpoint").write_text(bad)
    [finding] = verify(bundle, verifier=log.verifier).findings
    assert (finding.code, finding.path) == (Code.COSIGNATURE_INVALID, "checkpoint")
    few = text + "\n" + "".join(note.line(name, line[:4], line[4:]) for name, line in lines[:2])
    (bundle / "checkpoint").write_text(few)
    report = verify(bundle, verifier=log.verifier)
    assert [finding.code for finding in report.findings] == [Code.QUORUM_MISSING]
    assert report.first_bad_index is None
    assert "cosigned by" in report.text()
    (bundle / "checkpoint").write_text(signed)
    stranger = CosignerKey("stranger.example", 4, bytes(32)).cosigner
    own = trust_policy.parse(f"log {log.vkey}\nwitness S {stranger.vkey}\nquorum S\n")
    assert [finding.code for finding in verify(bundle, trust=own).findings] == [Code.QUORUM_MISSING]
    other = trust_policy.parse(f"log {note.Signer('x', bytes(32)).vkey}\nquorum none\n")
    assert [finding.code for finding in verify(bundle, trust=other).findings] == [Code.KEY_DIFFERS]
    # An older one without its quorum is a remark; one with a bad line is not.
    oldest = min((bundle / "checkpoints").iterdir(), key=lambda path: int(path.name))
    before = oldest.read_text()
    oldest.write_text(note.sign(note.split(before)[0], [log]))
    report = verify(bundle, verifier=log.verifier, trust=trusted)
    assert report.is_ok
    assert "1 older checkpoint, from size" in report.text()
    changed = CosignerKey("witness.example/w1", 4, bytes(32))  # its key id is another's, so its line is left alone
    oldest.write_text(before + changed.line(note.split(before)[0], time=1))
    assert verify(bundle, verifier=log.verifier).is_ok
    oldest.write_text(before + note.line(name, line[:4], line[4:]))
    [finding] = verify(bundle, verifier=log.verifier).findings
    assert finding.code == Code.COSIGNATURE_INVALID


@pytest.fixture
async def waiting(
    settings: Settings, people_table: str, tmp_path: Path, log_output: io.StringIO
) -> AsyncIterator[tuple[PopulatedExchange, Path, int]]:
    """An exchange in use, with one witness, its directory and its port; it does not run yet."""
    port = free_port()
    [vkey, _] = witnesses.make_witness(tmp_path / "w", ledger_signer(settings).vkey)
    settings = with_policy(
        settings, f"witness W {vkey} http://127.0.0.1:{port}\nquorum W\n", witness_cutoff=5, witness_timeout=0.5
    )
    with witnesses.serve_witness(tmp_path / "w", port=port):
        stack = start_exchange(settings)
        populated_exchange = await populate(await stack.__aenter__(), people_table)
        await wait_until(lambda: is_covered(populated_exchange))
    yield populated_exchange, tmp_path / "w", port
    await stack.__aexit__(None, None, None)


@pytest.mark.endurance
async def test_without_witnesses_publishing_waits_then_deliveries_stop_until_they_are_back(
    waiting: tuple[PopulatedExchange, Path, int], log_output: io.StringIO
) -> None:
    populated_exchange, directory, port = waiting
    exchange = populated_exchange
    before = await newest_checkpoint(exchange)
    assert before is not None
    assert readiness((await exchange.client.get("/readyz")).text) == ["ok"]
    delivered = await populated_exchange.fetch({"limit": 1})
    assert delivered.status == 200

    # The entry is accepted, but no checkpoint, tile or receipt covers it yet.
    alarmed = await wait_until(lambda: _alarm(exchange))
    assert "deliveries stop at" in alarmed
    assert await newest_checkpoint(exchange) == before
    entry = int(delivered.headers["exchange-entry"])
    assert (await exchange.client.get(f"/ledger/receipts/{entry}")).status_code == 404
    assert (await exchange.client.get(f"/ledger/tile/0/000.p/{before.size}")).status_code == 200
    assert (await exchange.client.get(f"/ledger/tile/0/000.p/{before.size + 1}")).status_code == 404
    assert "too few witnesses cosigned" in log_output.getvalue()

    # The exchange halts: refusals state why and are on the ledger; acts that end permissions still work.
    await wait_until(lambda: _stopped(populated_exchange))
    refused = await populated_exchange.fetch({"limit": 1})
    assert (refused.status, refused.problem) == (503, "witnesses-missing")
    assert refused.json["entry"] == int(refused.headers["exchange-entry"])
    assert refused.headers["retry-after"] == "60"
    stream = await populated_exchange.fetch({}, accept="application/x-ndjson")
    assert stream.problem == "witnesses-missing"
    assert (await populated_exchange.call_as("owner", "GET", "/me")).status == 200
    ready = await exchange.client.get("/readyz")
    assert (ready.status_code, "nothing is delivered" in ready.text) == (200, True)
    assert await newest_checkpoint(exchange) == before

    # The exchange recovers without anybody's help.
    with witnesses.serve_witness(directory, port=port) as running:
        await wait_until(lambda: is_covered(exchange))
        await wait_until(lambda: _delivers(populated_exchange))
        assert readiness((await exchange.client.get("/readyz")).text) == ["ok"]
        signed = (await exchange.client.get("/ledger/checkpoint")).text
        key = Cosigner.parse(running.vkeys[0])
        assert note.open(signed, [key]).signed_by == (key,)
        receipt = Receipt.parse((await exchange.client.get(f"/ledger/receipts/{entry}")).text)
        assert note.open(receipt.checkpoint, [key]).signed_by == (key,)
    assert "the witnesses are back" in log_output.getvalue()


async def _alarm(exchange: Exchange) -> str:
    text = (await exchange.client.get("/readyz")).text
    return text if "in no checkpoint" in text else ""


async def _stopped(exchange: PopulatedExchange) -> bool:
    return (await exchange.fetch({"limit": 1})).status == 503


async def _delivers(exchange: PopulatedExchange) -> bool:
    return (await exchange.fetch({"limit": 1})).status == 200


async def test_a_database_behind_what_was_witnessed_signs_no_more(
    settings: Settings,
    empty_database: str,
    embedded: Embedded,
    tmp_path: Path,
    log_output: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither after a restart, nor in another process, nor when the witness is gone; until the ledger begins anew."""
    [vkey, _] = witnesses.make_witness(tmp_path / "w", ledger_signer(settings).vkey)
    anchor = Anchor(settings.anchor, settings.origin())
    with witnesses.serve_witness(tmp_path / "w") as running:
        settings = with_policy(settings, f"witness W {vkey} {running.url}\nquorum W\n")
        async with start_exchange(settings) as exchange:
            for number in range(3):
                await exchange.admit(f"party-{number}")
            await wait_until(lambda: is_covered(exchange))
            witnessed = (await exchange.client.get("/ledger/checkpoint")).text
        await _restore(settings, empty_database)
        async with start_exchange(settings) as exchange:
            await wait_until(lambda: is_logged(log_output, "the ledger does not continue what was signed"))
            await wait_until(lambda: is_halted(exchange))
            assert await newest_checkpoint(exchange) is None
    anchored = anchor.read()
    assert anchored is not None
    assert note.split(anchored)[0] == note.split(witnessed)[0]
    async with restart_exchange(settings) as first, restart_exchange(settings) as second:
        before = log_output.getvalue().count("were signed")
        await wait_until(
            lambda: is_logged(log_output, "were signed", times=before + 3)
        )  # the one that publishes has looked again
        for exchange in (first, second):
            answer = await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries")
            assert (answer.status, answer.problem) == (503, "ledger-halted")
    url = await DatabaseCopies(embedded).copy("live", "anew")
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    result = await asyncio.to_thread(run_in_process, "ledger", "new-incarnation", "--yes", "--data", settings.data)
    assert result.status == 0, result.err
    async with restart_exchange(with_database(settings, url)) as exchange:
        assert (await exchange.read_entries())[0]["checkpoint"] == anchored


async def test_a_history_beside_the_one_that_was_witnessed_halts(
    settings: Settings, empty_database: str, tmp_path: Path, log_output: io.StringIO
) -> None:
    port = free_port()
    [vkey, _] = witnesses.make_witness(tmp_path / "w", ledger_signer(settings).vkey)
    settings = with_policy(settings, f"witness W {vkey} http://127.0.0.1:{port}\nquorum W\n")
    anchor = Anchor(settings.anchor, settings.origin())
    with witnesses.serve_witness(tmp_path / "w", port=port):
        async with start_exchange(settings) as exchange:
            await wait_until(lambda: is_covered(exchange))
    await _restore(settings, empty_database)
    async with start_exchange(settings) as exchange:
        for number in range(3):
            await exchange.admit(f"other-{number}")
        # Grown, and signed, beyond what was witnessed before the witness is there again.
        await wait_until(partial(read_anchor, anchor, await ledger_size(exchange)))
        with witnesses.serve_witness(tmp_path / "w", port=port):
            await wait_until(lambda: is_logged(log_output, "which are not those of the database"))
            await wait_until(lambda: is_halted(exchange))
        signed = anchor.read() or ""
        # The last signed checkpoint is not taken back.
        assert checkpoint.parse(note.text_of(signed)).size == await ledger_size(exchange)
    async with restart_exchange(settings) as exchange:
        await wait_until(lambda: is_logged(log_output, "a key of this ledger signed another history"))
        assert await is_halted(exchange)
        assert await newest_checkpoint(exchange) is None
        assert anchor.read() == signed
        anchor.evidence_path.unlink()  # an operator who has looked into it says that it counts for nothing
        await wait_until(lambda: _is_not_halted(exchange))


async def test_what_a_witness_may_have_seen_is_continued_after_a_restart(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint is anchored before it is shown, and the log continues from it, also after a rotation of the key."""
    port = free_port()
    [vkey, _] = witnesses.make_witness(tmp_path / "w", ledger_signer(settings).vkey)
    settings = with_policy(settings, f"witness W {vkey} http://127.0.0.1:{port}\nquorum W\n", witness_timeout=0.5)
    anchor = Anchor(settings.anchor, settings.origin())
    anchored = []
    for number in range(2):
        async with start_exchange(settings) if not number else restart_exchange(settings) as exchange:
            await exchange.admit(f"party-{number}")
            anchored.append(await wait_until(partial(read_anchor, anchor, await ledger_size(exchange))))
            assert await newest_checkpoint(exchange) is None
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", settings.database_url.get_secret_value())  # type: ignore[union-attr]
    rotated = await asyncio.to_thread(run_in_process, "keys", "rotate", "ledger", "--data", settings.data)
    assert rotated.status == 0, rotated.err
    async with restart_exchange(settings) as exchange:
        history = History.from_announcements(
            [entry["statement"] for entry in await exchange.read_entries() if "statement" in entry]
        )
        anchored.append(await wait_until(partial(read_anchor, anchor, await ledger_size(exchange))))
        served = policy.parse((await exchange.client.get("/ledger/policy")).content)
        assert history.newest in [log.key for log in served.logs]
        witnesses.run_witness("trust", tmp_path / "w", history.newest.vkey)
        with witnesses.serve_witness(tmp_path / "w", port=port):
            await wait_until(lambda: is_covered(exchange))
            published = await newest_checkpoint(exchange)
            assert published is not None
            async with exchange.runtime.database.pool.acquire() as connection:
                for text in anchored:
                    before = history.open(text)
                    assert await continuity.root_at(connection, before.size, tiled=0) == before.root
    assert [history.at(history.open(text).size) for text in anchored] == [history.keys[0][1]] * 2 + [history.newest]


async def _restore(settings: Settings, url: str) -> None:
    """Make the exchange look to the witness like a restored older backup with its anchor."""
    await delete_rows(url)
    shutil.rmtree(settings.anchor)


async def _is_not_halted(exchange: Exchange) -> bool:
    return not await is_halted(exchange)


STRANGER = CosignerKey("w.example", 4, bytes([7]) * 32).cosigner.vkey


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file"),
        ("quorum\n", "line 1"),
        (f"witness W {STRANGER}\nquorum W\n", "can never be the quorum"),
        (f"witness W {STRANGER} ftp://w.example\nquorum W\n", "is not http"),
        (f"witness W {STRANGER} http://\nquorum W\n", "is not http"),
        (f"log {note.Signer('exchange.local/ledger/1', bytes(32)).vkey}\nquorum none\n", "does not name this ledger"),
    ],
)
async def test_a_policy_that_cannot_be_used_stops_the_start(settings: Settings, text: str | None, reason: str) -> None:
    given = with_policy(settings, text or "")
    if text is None:
        assert given.witness_policy is not None
        given.witness_policy.unlink()
    app = create_app(given)
    with pytest.raises(PolicyUnusable, match=reason):
        async with app.router.lifespan_context(app):
            pass


async def test_the_operator_is_told_before_the_start(settings: Settings) -> None:
    async with start_exchange(settings) as exchange:
        vkey = exchange.runtime[Publisher].vkey
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    await asyncio.to_thread(database.require_ready, settings, url, vkey=vkey)
    with pytest.raises(CannotDo, match="line 1"):
        await asyncio.to_thread(database.require_ready, with_policy(settings, "quorum\n"), url, vkey=vkey)


async def test_without_a_policy_there_are_no_witnesses_to_wait_for(exchange: Exchange) -> None:
    await wait_until(lambda: is_covered(exchange))
    served = policy.parse((await exchange.client.get("/ledger/policy")).content)
    assert served.quorum == "none"
    assert [log.key.vkey for log in served.logs] == [(await exchange.client.get("/ledger/vkey")).text.strip()]


async def test_a_log_with_further_lines_is_cosigned_and_read_as_ever(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"further_signatures": (Kind.ML_DSA_44, Kind.SM2)})
    [vkey, _] = witnesses.make_witness(tmp_path / "w", ledger_signer(settings).vkey)
    with witnesses.serve_witness(tmp_path / "w") as running:
        async with start_exchange(with_policy(settings, f"witness W {vkey} {running.url}\nquorum W\n")) as exchange:
            await wait_until(lambda: is_covered(exchange))
            signed = (await exchange.client.get("/ledger/checkpoint")).text
            known = (await exchange.client.get("/.well-known/data-exchange")).json()
    keys: list[note.Key] = [note.Verifier.parse(known["vkey"]), Cosigner.parse(vkey)]
    assert note.open(signed, keys).signed_by == tuple(keys)
    demanded = [f"witness w{number} {vkey}" for number, vkey in enumerate(known["further_vkeys"])]
    trusted = trust_policy.parse("\n".join([*demanded, "group g all w0 w1", "quorum g"]) + "\n")
    assert len(trusted.check(signed)) == 2
