"""The exchange's own keys are rotated; clients, exports and verifiers that pinned an earlier one follow."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from admin.server.reaching import free_port
from data_exchange_client import Client, Trust, TrustError, receipts
from data_exchange_client.keys import SigningKey
from exchange.kernel.database import arguments
from exchange.settings import Settings
from ledger.format import note, rotation
from ledger.format.cosignature import Cosigner
from ledger.format.further import Kind
from ledger.format.rotation import History
from ledger.log import publication
from ledger.verification import mirror
from ledger.verification.verify import verify
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import restart_exchange, start_exchange
from tests.support.processes.commands import CommandResult, run_in_process, wait_until
from tests.support.processes.server import serve_exchange, settings_on
from tests.support.syncs import record_syncs


async def operate(settings: Settings, monkeypatch: pytest.MonkeyPatch, which: str) -> CommandResult:
    assert settings.database_url is not None
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", settings.database_url.get_secret_value())
    result = await asyncio.to_thread(run_in_process, "keys", "rotate", which, "--data", settings.data)
    assert result.status == 0, result.err
    return result


async def append(exchange: Exchange) -> int:
    answer = await exchange.call(exchange.keys["auditor"], "GET", "/api/v1/audit/entries?limit=1")
    assert answer.status == 200
    return int(answer.headers["exchange-entry"])


async def covering(exchange: Exchange, index: int) -> publication.Published:
    for _ in range(400):
        async with exchange.runtime.database.pool.acquire() as connection:
            newest = await publication.latest(connection)
        if newest and newest.size > index:
            return newest
        await asyncio.sleep(0.02)
    raise AssertionError("no checkpoint")


async def well_known(exchange: Exchange) -> dict[str, Any]:
    identity: dict[str, Any] = (await exchange.send("GET", "/.well-known/data-exchange", {})).json
    return identity


async def test_further_lines_change_with_the_key(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings.model_copy(update={"further_signatures": (Kind.ML_DSA_44,)})
    vkeys = []
    async with start_exchange(settings) as exchange:
        for _ in range(2):
            newest = await covering(exchange, await append(exchange))
            [vkey] = (await well_known(exchange))["further_vkeys"]
            assert note.open(newest.note, [Cosigner.parse(vkey)]).signed_by
            vkeys.append(vkey)
            await operate(settings, monkeypatch, "ledger")
    assert vkeys[0] != vkeys[1]


async def test_the_ledgers_key_rotates_while_it_is_served(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with start_exchange(settings) as exchange:
        old = note.Verifier.parse((await well_known(exchange))["vkey"])
        await covering(exchange, await append(exchange))
        old_key = (settings.data / "keys" / "ledger.pem").read_bytes()
        await operate(settings, monkeypatch, "ledger")
        [announced] = [e for e in enumerate(await exchange.read_entries()) if e[1]["type"] == rotation.ENTRY_TYPE]
        index, body = announced
        assert (body["purpose"], body["old"], body["valid_from"]) == ("ledger", old.vkey, index + 1)
        history = History.from_announcements([body["statement"]])
        newest = await covering(exchange, await append(exchange))
        assert history.open(newest.note).size == newest.size
        note.open(newest.note, [history.newest])
        with pytest.raises(note.SignatureMissing):
            note.open(newest.note, [old])
        known = await well_known(exchange)
        assert known["vkey"] == history.newest.vkey
        assert known["ledger_keys"] == [
            {"vkey": old.vkey, "valid_from": 0, "valid_until": index},
            {"vkey": history.newest.vkey, "valid_from": index + 1, "valid_until": None},
        ]
    assert (settings.data / "keys" / "ledger.pem").read_bytes() != old_key
    [old_file] = (settings.data / "keys" / "old").iterdir()
    assert old_file.read_bytes() == old_key
    old_file.unlink()  # the old private key is needed by nobody
    async with restart_exchange(settings) as exchange:
        assert (await exchange.send("GET", "/readyz", {})).status == 200
        await covering(exchange, await append(exchange))
        await operate(settings, monkeypatch, "ledger")
        await covering(exchange, await append(exchange))
        assert len((await well_known(exchange))["ledger_keys"]) == 3


@pytest.mark.parametrize("is_left_behind", [False, True], ids=["new", "left-behind"])
@pytest.mark.parametrize(("which", "file"), [("ledger", "ledger.pem"), ("answers", "exchange.pem")])
async def test_a_power_failure_never_leaves_an_entry_without_its_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, which: str, file: str, *, is_left_behind: bool
) -> None:
    """The key's name is durable before the entry that announces it, also where a killed rotation created the file."""
    async with start_exchange(settings):
        pass
    keys = settings.data / "keys"
    if is_left_behind:
        (keys / "next").mkdir()
        (keys / "next" / file).write_bytes(SigningKey.generate().pem())

    async def count_rotations() -> int:
        connection = await asyncpg.connect(**arguments(settings.database_url.get_secret_value()))  # type: ignore[union-attr]
        try:
            return int(await connection.fetchval("SELECT count(*) FROM ledger_rotation"))
        finally:
            await connection.close()

    synced = record_syncs(monkeypatch, lambda: asyncio.run(count_rotations()))
    await operate(settings, monkeypatch, which)
    before = [(sync.directory, name) for sync in synced if sync.answer == 0 for name in sync.names]
    assert (keys / "next", file) in before
    assert (keys, "next") in before
    after = [sync for sync in synced if sync.answer == 1]
    assert [sync.directory for sync in after if file in sync.names][-1] == keys
    assert any(sync.directory == keys / "old" and sync.names for sync in after)


async def test_a_rotation_that_was_broken_off_after_its_entry_is_finished_by_a_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start_exchange(settings) as exchange:
        await covering(exchange, await append(exchange))
    keys = settings.data / "keys"
    await operate(settings, monkeypatch, "ledger")
    content = (keys / "ledger.pem").read_bytes()
    [old] = (keys / "old").iterdir()
    (keys / "next").mkdir(exist_ok=True)
    (keys / "ledger.pem").rename(keys / "next" / "ledger.pem")
    old.rename(keys / "ledger.pem")
    async with restart_exchange(settings) as exchange:
        await covering(exchange, await append(exchange))
    assert (keys / "ledger.pem").read_bytes() == content


@pytest.mark.endurance
async def test_clients_exports_and_verifiers_follow_a_rotation(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    settings = settings_on(free_port(), database_url=empty_database, data=data)
    async with start_exchange(settings) as exchange:
        auditor = SigningKey(bytes(exchange.keys["auditor"].signing))
        await covering(exchange, 0)
    url, trust, copy = settings.public_url, tmp_path / "trust.json", tmp_path / "mirror"
    assert settings.database_url is not None
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", settings.database_url.get_secret_value())

    def check() -> None:
        with serve_exchange(settings), Client(url, auditor, trust=trust) as client:
            first = client.request("GET", "/api/v1/audit/entries").entry
            assert first is not None
            receipt = client.receipt(first, wait=10)
            before = Trust.load(trust)
            old = before.verifier()
            assert mirror.export(url, copy, verifier=old).report.is_ok

            for which in ("answers", "ledger"):
                assert run_in_process("keys", "rotate", which, "--data", data).status == 0

            def is_renewed() -> bool:
                answer = client.request("GET", "/api/v1/audit/entries")
                return Trust.load(trust).keys != before.keys and answer.status == 200

            wait_until(is_renewed, what="answers by the new key")
            index = client.request("GET", "/api/v1/audit/entries").entry
            assert index is not None
            assert client.receipt(index, wait=10).checkpoint.size > index
            after = Trust.load(trust)
            assert after.vkey != before.vkey
            assert set(before.keys) == set(after.until)
            assert after.is_same(client.connection.identity())
            # The receipt from before still holds.
            assert receipts.verify(receipt.text, receipt.leaf, after).index == first

            # A verifier whose pinned key leads to none of these is refused.
            stranger = Trust(before.name, before.origin, before.vkey, {auditor.keyid: auditor.public})
            with Client(url, auditor, trust=stranger) as other, pytest.raises(TrustError):
                other.request("GET", "/api/v1/audit/entries")

            for pinned in (old, after.verifier()):
                exported = mirror.export(url, copy, verifier=pinned)
                assert exported.report.is_ok, exported.report.text()
                fresh = tmp_path / pinned.key_id.hex()
                assert mirror.export(url, fresh, verifier=pinned).report.is_ok
            assert httpx2.get(f"{url}/ledger/vkey").text == f"{after.vkey}\n"
            strange = note.Signer(before.origin, bytes(32)).verifier
            with pytest.raises(mirror.ExportRefused):
                mirror.export(url, tmp_path / "no", verifier=strange)
            assert [finding.code for finding in verify(copy, verifier=strange).findings if finding.path == "vkey"]

        forge(copy, old, before.origin)

    await asyncio.to_thread(check)


def forge(copy: Path, old: note.Verifier, origin: str) -> None:
    """The statements are left out, or another's: the old key alone does not vouch for what the new one signed."""
    path = copy / "rotations"
    whole = path.read_text(encoding="utf-8")
    path.unlink()
    assert not verify(copy, verifier=old).is_ok
    forger = note.Signer(origin, bytes(range(32)))
    true = rotation.parse(json.loads(whole)[0])
    forged = rotation.Rotation(true.origin, "ledger", forger.verifier, true.new, true.valid_from, true.since)
    path.write_text(json.dumps([note.sign(forged.text(), [forger])]), encoding="utf-8")
    assert not verify(copy, verifier=old).is_ok
    path.write_text(whole, encoding="utf-8")
    assert verify(copy, verifier=old).is_ok
