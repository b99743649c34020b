"""An owner registers rights with `exchange-client`, a registrar reviews them, and a stranger verifies the certificate."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin.server.reaching import free_port
from data_exchange_client import SigningKey
from exchange.settings import Settings
from ledger.cli import app as ledger
from tests.support.exchanges.starting import delete_rows
from tests.support.processes.client_commands import Run, client_commands
from tests.support.processes.server import serve_exchange, settings_on
from tests.support.sharing.registering import PROOF, complete_form, start_registering

CSV = "id,name\n" + "".join(f"{number},岗位{number}\n" for number in range(100))
CONTACT = {"name": "联系人甲", "phone": "057100000000", "address": "杭州"}


@pytest.fixture(scope="module")
async def served(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """A served exchange with two enterprises and a registrar; their keys and a form are in the data directory."""
    await delete_rows(database_url)
    settings = settings_on(free_port(), database_url=database_url, data=tmp_path_factory.mktemp("exchange"))
    async with start_registering(settings, at=datetime.now(UTC)) as exchange:
        for name in ("owner", "other", "registrar"):
            SigningKey(bytes(exchange.key_of(name).signing)).save(settings.data / f"{name}.key")
        form = complete_form(exchange.codes, {"owner": ("HOLD", "USE"), "other": ("USE",)})
        document = {"dataset": exchange.dataset["id"], "form": form, "contact": CONTACT}
        (settings.data / "form.json").write_text(json.dumps(document), encoding="utf-8")
    with serve_exchange(settings):
        yield settings


@pytest.fixture
def run(served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return client_commands(served, tmp_path, monkeypatch)


def test_rights_are_registered_certified_and_a_copy_is_recognised(run: Run, served: Settings, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(CSV, encoding="utf-8")
    made = json.loads(run("owner", "rights", "fingerprint", "data.csv", "-o", "data.fingerprint").stdout)
    document = json.loads((served.data / "form.json").read_text(encoding="utf-8"))
    document["form"] |= made
    summary = document["form"].pop("summary")
    (tmp_path / "form.json").write_text(json.dumps(document), encoding="utf-8")
    assert "form/summary" in run("owner", "rights", "check", "form.json", code=1).stdout
    document["form"]["summary"] = summary
    (tmp_path / "form.json").write_text(json.dumps(document), encoding="utf-8")
    run("owner", "rights", "check", "form.json")

    application = json.loads(run("owner", "rights", "apply", "form.json").stdout)["id"]
    run("owner", "rights", "file", application, code=1)  # the other holder has not confirmed
    read = json.loads(run("other", "rights", "show", application).stdout)
    run("other", "rights", "confirm", application, "--digest", "0" * 64, code=1)
    run("other", "rights", "confirm", application, "--digest", read["form_digest"])
    run("owner", "rights", "file", application)
    assert application in run("registrar", "rights", "todo").stdout
    run("registrar", "rights", "return", application, "--missing", "数据样例")
    run("owner", "rights", "edit", application, "form.json")
    run("other", "rights", "confirm", application)
    run("owner", "rights", "supplement", application)
    run("registrar", "rights", "accept", application)
    (tmp_path / "evidence.json").write_text(json.dumps({"evidence": [PROOF]}), encoding="utf-8")
    run("registrar", "rights", "publicise", application, "--waive", "各方已书面同意")
    deposited = json.loads(run("registrar", "rights", "deposit", application).stdout)
    code = deposited["records"][0]
    assert code in run("owner", "rights", "records").stdout + run("other", "rights", "records").stdout

    run("owner", "rights", "certificate", code, "-o", "certificate.vc.jwt")
    vkey = json.loads((tmp_path / "exchange.trust.json").read_text(encoding="utf-8"))["vkey"]
    verified = CliRunner().invoke(ledger, ["verify-certificate", str(tmp_path / "certificate.vc.jwt"), "--vkey", vkey])
    assert verified.exit_code == 0, verified.output
    assert "neither revoked nor suspended" in verified.output

    (tmp_path / "copy.csv").write_text("\n".join(reversed(CSV.splitlines()[1:51])), encoding="utf-8")
    copy = tmp_path / "copy.csv"
    copy.write_text("id,name\n" + copy.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    compared = run("owner", "rights", "compare", "data.fingerprint", "copy.csv", "--record", code, "--json").stdout
    assert json.loads(compared)["common_rows"] == 50
    run("owner", "rights", "object", code, "--statement", "x", "--evidence", "evidence.json", code=1)
