"""Owner, consumer and auditor do their work with `exchange-client`, each with a key of their own, on a served exchange."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from admin.server.reaching import free_port
from data_exchange_client import SigningKey
from data_exchange_client.commands.main import app
from exchange.settings import Settings
from tests.support.exchanges.starting import start_exchange
from tests.support.processes.server import serve_exchange, settings_on

CSV = "person_id,name,city\nP1,陈一,330100\nP2,陈二,330200\n"
APPLICATION = [
    *("--purpose", "talent-service", "--field", "person_id", "--field", "name", "--basis", "省条例第二十条"),
    *("--scenario", "核验", "--scope", "本年度", "--until", "2099-12-31"),
]

Run = Callable[..., Any]


@pytest.fixture
async def served(empty_database: str, tmp_path: Path) -> Settings:
    """Settings of an exchange with an owner, whose dataset is published, and a consumer; their keys are in `keys/`."""
    settings = settings_on(free_port(), database_url=empty_database, data=tmp_path / "exchange")
    settings.data.mkdir()
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        source = await exchange.register_file(owner, CSV.encode())
        await exchange.publish_dataset(owner, source, "people")
        keys = {"owner": owner.steward, "consumer": consumer.steward, "system": consumer.system}
        for name, key in (keys | {"auditor": exchange.keys["auditor"]}).items():
            SigningKey(bytes(key.signing)).save(tmp_path / f"{name}.key")
    return settings


@pytest.fixture
def run(served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command as somebody. `code` is the exit status it has to have."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXCHANGE_URL", served.public_url)
    monkeypatch.setenv("COLUMNS", "250")

    def run(person: str, *words: str, code: int = 0, stdin: str | None = None) -> Any:
        result = CliRunner(env={"EXCHANGE_KEY": f"{person}.key"}).invoke(app, words, input=stdin)
        assert result.exit_code == code, result.output
        return result

    with serve_exchange(served):
        yield run


def test_an_application_becomes_an_agreement_that_delivers_until_it_is_suspended(run: Run, tmp_path: Path) -> None:
    described = run("consumer", "describe", "owner/people").stdout
    assert "talent-service" in described
    assert "person_id" in described

    application = json.loads(run("consumer", "apply", "owner/people", *APPLICATION, "--json").stdout)["id"]
    listed = run("owner", "applications", "list", "--state", "submitted").stdout
    assert application in listed
    assert "owner/people" in listed
    assert " consumer " in listed
    assert run("owner", "describe", "people").stdout == run("owner", "describe", "owner/people").stdout
    run("owner", "applications", "request-supplement", application, "--missing", "条款")
    assert "条款" in run("consumer", "applications", "show", application).stdout
    run("consumer", "applications", "supplement", application, "--text", "第一款")
    (tmp_path / "grant.json").write_text('{"masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}}')
    granted = run("owner", "applications", "approve", application, "--row-cap", "10", "--grant", "grant.json", "--json")
    agreement = json.loads(granted.stdout)["agreement"]
    assert agreement["row_cap"] == 10
    assert agreement["masks"] == {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}

    fetch = ("fetch", "owner/people", "--purpose", "talent-service")
    assert [row["name"] for row in json.loads(run("system", *fetch).stdout)["rows"]] == ["陈*", "陈*"]
    run("owner", "agreements", "suspend", agreement["id"], "--reason", "核查超范围使用")
    assert "agreement-suspended" in run("system", *fetch, code=1).stderr
    assert "核查超范围使用" in run("consumer", "agreements", "show", agreement["id"]).stdout
    run("owner", "agreements", "resume", agreement["id"], "--reason", "核查完毕")
    run("system", *fetch)
    narrow = ("--without", "person_id", "--row-cap", "1", "--until", "2099-06-30", "--reason", "收窄")
    run("owner", "agreements", "narrow", agreement["id"], *narrow)
    printed = json.loads(run("consumer", "agreements", "show", agreement["id"], "--json").stdout)
    assert (printed["in_force"]["fields"], printed["in_force"]["row_cap"]) == (["name"], 1)
    printed = run("consumer", "agreements", "show", agreement["id"]).stdout
    assert "收窄" in printed
    assert printed.count("2099-06-30T15:59:59") == 2
    line = next(line for line in run("owner", "agreements", "list").stdout.splitlines() if agreement["id"] in line)
    assert line.split()[2:5] == ["consumer", "owner", "owner/people"]
    assert line.split()[-2:] == ["name", "2099-06-30T15:59:59Z"]
    assert "grants 1 rows of one delivery" in run("system", *fetch, "--format", "csv").stderr
    assert "grants" not in run("system", *fetch, "--limit", "1").stderr
    run("system", *fetch, "--field", "person_id", code=1)
    run("owner", "agreements", "terminate", agreement["id"], "--reason", "到期")
    assert agreement["id"] in run("consumer", "agreements", "list", "--state", "terminated").stdout
    assert agreement["id"] not in run("consumer", "agreements", "list", "--state", "active").stdout


def test_refusals_audit_members_and_keys(run: Run, tmp_path: Path) -> None:
    """All steps share one served exchange, since a server takes long to start."""
    refuse_and_withdraw_applications(run)
    find_who_was_refused(run)
    enrol_and_rotate(run, tmp_path)
    assert "deputy" in run("owner", "members", "list").stdout


def refuse_and_withdraw_applications(run: Run) -> None:
    refused, withdrawn = (
        json.loads(run("consumer", "apply", "owner/people", *APPLICATION, "--json").stdout)["id"] for _ in range(2)
    )
    run("owner", "applications", "refuse", refused, "--reason", "用途不符")
    assert "用途不符" in run("consumer", "applications", "show", refused).stdout
    run("consumer", "applications", "withdraw", withdrawn)
    assert "withdrawn" in run("owner", "applications", "show", withdrawn).stdout


def find_who_was_refused(run: Run) -> None:
    run("system", "fetch", "owner/people", "--purpose", "talent-service", code=1)
    table = run("auditor", "audit", "search", "--type", "delivery.refused").stdout
    assert "agreement-missing" in table
    rows = list(csv.DictReader(run("auditor", "audit", "search", "--type", "delivery.*", "--csv").stdout.splitlines()))
    assert [(row["type"], row["problem"]) for row in rows] == [("delivery.refused", "agreement-missing")]
    by_name = run(
        *("auditor", "audit", "search", "--dataset", "owner/people", "--type", "dataset.*", "--json"),
    ).stdout
    assert [entry["body"]["type"] for entry in json.loads(by_name)] == ["dataset.drafted", "dataset.published"]
    assert "dataset" in run("auditor", "audit", "search", "--dataset", "owner/poeple", code=1).stderr
    report = run("owner", "audit", "person", "owner/people", "--json", stdin="P1\n").stdout
    assert json.loads(report)["named"] == []
    verdict = json.loads(run("auditor", "audit", "replay", rows[0]["index"]).stdout)["verdict"]
    assert verdict == "agrees"
    error = run("system", "fetch", "owner/people", "--purpose", "talent-service", "--limit", "100000", code=1).stderr
    assert "  limit: a page of JSON has at most 5000 rows" in error


def enrol_and_rotate(run: Run, tmp_path: Path) -> None:
    run("owner", "keygen", "deputy.key")
    proof = run("owner", "prove", "deputy.key", "--organisation", "owner", "--principal", "deputy").stdout
    (tmp_path / "deputy.json").write_text(proof)
    enrol = ("members", "enrol", "deputy", "--title", "Deputy", "--registration", "deputy.json")
    run("owner", *enrol)
    assert "deputy" in run("owner", "members", "list").stdout
    run("deputy", "members", "suspend", "service", code=1)
    run("owner", "members", "assign", "deputy", "security_administrator")
    run("deputy", "members", "suspend", "service")
    assert "suspended" in run("owner", "members", "list").stdout
    run("owner", "members", "reinstate", "service")
    run("owner", "members", "revoke", "deputy", "security_administrator")
    assert "absent" in run("owner", "members", "suspend", "absent", code=1).stderr

    run("deputy", "keys", "rotate", "new.key", "--overlap", "0")
    run("new", "whoami")
    assert "key" in run("deputy", "whoami", code=1).stderr
    old = SigningKey.load(tmp_path / "deputy.key").keyid
    assert old in run("new", "keys", "list").stdout
    run("new", "keys", "revoke", old)
