"""Data of earlier versions is read, verified, upgraded, served and continued: see tests/earlier/README.md."""

import asyncio
import json
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nacl.signing
import pytest
from typer.testing import CliRunner

from admin.server.reaching import free_port
from data_exchange_client.commands import main as client
from exchange.kernel.embedded import Embedded, account
from exchange.settings import Settings
from ledger.format import checkpoint, note
from ledger.format import receipt as proof
from ledger.format.rotation import History
from ledger.verification.mirror import export
from ledger.verification.verify import verify
from policies.owner_rules.modules import OwnerModule
from tests.support.exchanges.continuity import append_refusal, wait_for_checkpoint, with_database
from tests.support.exchanges.exchange import Answer, Exchange, Key
from tests.support.exchanges.starting import restart_exchange
from tests.support.processes.commands import run_in_process, run_ledger
from tests.support.processes.server import ROOT, serve_exchange, settings_on

EARLIER = ROOT / "tests" / "earlier"
FACTS: dict[str, Any] = json.loads((EARLIER / "facts.json").read_text())
KEYS = {name: Key(nacl.signing.SigningKey(bytes.fromhex(seed))) for name, seed in FACTS["test_keys"].items()}
VERIFIER = note.Verifier.parse((EARLIER / "export" / "vkey").read_text().strip())
PAGE = FACTS["deliveries"]["page"]


def test_its_export_is_verified() -> None:
    newest = (EARLIER / "export" / "checkpoint").read_text()
    report = verify(EARLIER / "export", verifier=VERIFIER, known=[newest])
    assert report.is_ok, report.text()
    assert report.size == checkpoint.parse(note.text_of(newest)).size > FACTS["deliveries"]["refused"]
    assert run_ledger("verify", EARLIER / "export").status == 0


def test_its_receipt_is_verified() -> None:
    text, leaf = (EARLIER / f"{PAGE}.receipt").read_text(), (EARLIER / f"{PAGE}.entry").read_bytes()
    assert proof.verify_receipt(text, leaf, History.of(VERIFIER)).size > PAGE
    with pytest.raises(ValueError, match="proof"):
        proof.verify_receipt(text, leaf.replace(b"delivery.completed", b"delivery.refused"), History.of(VERIFIER))


def test_its_evidence_of_a_delivery_is_verified(tmp_path: Path) -> None:
    for name in ("people.csv", "people.evidence", "exchange.trust.json"):
        shutil.copy(EARLIER / name, tmp_path)
    words = ["verify", str(tmp_path / "people.csv"), "--evidence", str(tmp_path / "people.evidence")]
    words += ["--trust", str(tmp_path / "exchange.trust.json")]
    result = CliRunner().invoke(client.app, words)
    assert result.exit_code == 0, result.output
    (tmp_path / "people.csv").write_bytes((EARLIER / "people.csv").read_bytes() + b"\n")
    assert CliRunner().invoke(client.app, words).exit_code != 0


def test_its_owners_module_is_the_same() -> None:
    module = OwnerModule((EARLIER / "module.rego").read_text(), (EARLIER / "module_test.rego").read_text())
    assert module.digest == FACTS["module"]


@pytest.fixture
async def restored(embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Its database in a cluster of today, brought up to date, and its data directory."""
    name = f"earlier_{secrets.token_hex(4)}"
    await embedded.create(name)
    url, data = embedded.url(name), tmp_path / "data"
    psql = account.programs(account.Account()) / "psql"
    words = ("-q", "-v", "ON_ERROR_STOP=1", "-f", EARLIER / "database.sql", url)
    restoring = await asyncio.create_subprocess_exec(psql, *words, stdout=subprocess.DEVNULL)
    assert await restoring.wait() == 0
    shutil.copytree(EARLIER / "data", data)
    for path in (data / "keys").rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)  # git keeps no modes
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", url)
    result = await asyncio.to_thread(run_in_process, "database", "upgrade", "--data", data)
    assert result.status == 0, result.err
    return with_database(settings_on(free_port(), database_url=url, data=data), url)


async def fetch(exchange: Exchange, **document: Any) -> Answer:
    question = {"dataset": "owner/people", **document}
    return await exchange.call(
        KEYS["consumer-system"], "POST", "/api/v1/deliveries", question, purpose="talent-service"
    )


async def test_it_delivers_under_its_old_agreement_and_replays_its_old_decisions(restored: Settings) -> None:
    old = json.loads((EARLIER / f"{PAGE}.entry").read_text())["body"]
    async with restart_exchange(restored, keys=KEYS) as exchange:
        assert (await exchange.send("GET", "/readyz", {})).status == 200
        answer = await fetch(exchange, limit=3)
        assert answer.status == 200, answer.content
        body = (await exchange.read_entries())[int(answer.headers["exchange-entry"])]
        assert (body["agreement"], body["result"]["rows"]) == (FACTS["agreement"], 3)
        assert len((await fetch(exchange)).json["rows"]) == 7  # the module's cap
        assert body["result"]["rows"] == old["result"]["rows"]
        for index in FACTS["deliveries"].values():
            replayed = await exchange.call_ok(KEYS["auditor"], "GET", f"/api/v1/audit/entries/{index}/replay")
            assert replayed["verdict"] == "agrees", replayed
        details = await exchange.call_ok(
            KEYS["auditor"], "POST", "/api/v1/subjects/details", {"entry": FACTS["deliveries"]["person"]}
        )
        assert [detail["details"]["value"] for detail in details["details"]] == ["P00005"]


async def test_its_offer_is_written_the_same_and_its_agreement_with_the_masks_it_was_granted_under(
    restored: Settings,
) -> None:
    masks = {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}
    async with restart_exchange(restored, keys=KEYS) as exchange:
        for kind, name, file in (("datasets", "plain", "offer"), ("agreements", "agreement", "agreement")):
            written = await exchange.call(KEYS["owner"], "GET", f"/api/v1/{kind}/{FACTS[name]}/odrl")
            text = written.content.decode().replace(restored.public_url, FACTS["public_url"])
            document = json.loads(text)
            if name == "agreement":
                constraints = document["permission"][0]["constraint"]
                constraint = next(part for part in constraints if part["leftOperand"] == "dx:masks")
                constraints.remove(constraint)
                assert constraint["rightOperand"]["@value"] == masks
            assert document == json.loads((EARLIER / f"{file}.json").read_text())


async def test_its_ledger_goes_on_and_continues_its_export(restored: Settings, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    shutil.copytree(EARLIER / "export", mirror)
    newest = (EARLIER / "export" / "checkpoint").read_text()
    anchored = next((EARLIER / "data" / "anchor").iterdir()).read_text()
    async with restart_exchange(restored, keys=KEYS) as exchange:
        before = len(await exchange.read_entries())
        assert await append_refusal(exchange) == before
        assert (await wait_for_checkpoint(exchange)).size > before
    with serve_exchange(restored):
        exported = await asyncio.to_thread(export, restored.public_url, mirror, verifier=VERIFIER)
    assert exported.report.is_ok, exported.report.text()
    assert exported.checkpoint.size > before
    report = verify(mirror, verifier=VERIFIER, known=[newest, anchored])
    assert report.is_ok, report.text()
