"""Owner, consumer and auditor do their work with `exchange-client`, each with a key of their own, on a served exchange."""

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from data_exchange_client import SigningKey
from exchange.settings import Settings
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.processes.client_commands import Run, client_commands
from tests.support.processes.in_thread import serve_here, settings_here

CSV = "person_id,name,city\nP1,陈一,330100\nP2,陈二,330200\n"
APPLICATION = [
    *("--purpose", "talent-service", "--field", "person_id", "--field", "name", "--basis", "省条例第二十条"),
    *("--scenario", "核验", "--scope", "本年度", "--until", "2099-12-31"),
]


@pytest.fixture(scope="module")
async def served(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """An exchange being served, for all tests of this module, since a server takes long to start.

    It has a consumer, and an owner with a dataset for each test; their keys are in the data directory.
    """
    await delete_rows(database_url)
    settings = settings_here(database_url=database_url, data=tmp_path_factory.mktemp("exchange"))
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        for handle in ("people", "others"):
            source = await exchange.register_file(owner, CSV.encode())
            await exchange.publish_dataset(owner, source, handle)
        keys = {"owner": owner.steward, "consumer": consumer.steward, "system": consumer.system}
        for name, key in (keys | {"auditor": exchange.keys["auditor"]}).items():
            SigningKey(bytes(key.signing)).save(settings.data / f"{name}.key")
    with serve_here(settings):
        yield settings


@pytest.fixture
def run(served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return client_commands(served, tmp_path, monkeypatch)


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
    for form in ("csv", "ndjson", "arrow", "json"):
        assert "more rows match than the row cap" in run("system", *fetch, "--format", form, "-o", "rows").stderr
    assert "row cap" not in run("system", *fetch, "--limit", "1").stderr
    run("system", *fetch, "--field", "person_id", code=1)
    run("owner", "agreements", "terminate", agreement["id"], "--reason", "到期")
    assert agreement["id"] in run("consumer", "agreements", "list", "--state", "terminated").stdout
    assert agreement["id"] not in run("consumer", "agreements", "list", "--state", "active").stdout


def test_applications_are_refused_and_withdrawn(run: Run) -> None:
    refused, withdrawn = (
        json.loads(run("consumer", "apply", "owner/others", *APPLICATION, "--json").stdout)["id"] for _ in range(2)
    )
    run("owner", "applications", "refuse", refused, "--reason", "用途不符")
    assert "用途不符" in run("consumer", "applications", "show", refused).stdout
    run("consumer", "applications", "withdraw", withdrawn)
    assert "withdrawn" in run("owner", "applications", "show", withdrawn).stdout


def test_an_auditor_finds_who_was_refused(run: Run) -> None:
    run("system", "fetch", "owner/others", "--purpose", "talent-service", code=1)
    table = run("auditor", "audit", "search", "--dataset", "owner/others", "--type", "delivery.refused").stdout
    assert "agreement-missing" in table
    assert "owner/others" in table, "a dataset has its name"
    assert "consumer" in table
    of_deliveries = ("--dataset", "owner/others", "--type", "delivery.*", "--csv")
    rows = list(csv.DictReader(run("auditor", "audit", "search", *of_deliveries).stdout.splitlines()))
    assert [(row["type"], row["problem"]) for row in rows] == [("delivery.refused", "agreement-missing")]
    by_name = run(
        *("auditor", "audit", "search", "--dataset", "owner/others", "--type", "dataset.*", "--json"),
    ).stdout
    assert [entry["body"]["type"] for entry in json.loads(by_name)] == ["dataset.drafted", "dataset.published"]
    assert "dataset" in run("auditor", "audit", "search", "--dataset", "owner/otters", code=1).stderr
    report = run("owner", "audit", "person", "owner/others", "--json", stdin="P1\n").stdout
    assert json.loads(report)["named"] == []
    verdict = json.loads(run("auditor", "audit", "replay", rows[0]["index"]).stdout)["verdict"]
    assert verdict == "agrees"
    error = run("system", "fetch", "owner/others", "--purpose", "talent-service", "--limit", "100000", code=1).stderr
    assert "  limit: a page of JSON has at most 5000 rows" in error


def test_a_member_is_enrolled_and_rotates_its_key(run: Run, tmp_path: Path) -> None:
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


def test_a_state_is_listed_whatever_else_comes_before(run: Run) -> None:
    ids = [json.loads(run("consumer", "apply", "owner/others", *APPLICATION, "--json").stdout)["id"] for _ in range(3)]
    for application in ids[1:]:
        run("owner", "applications", "refuse", application, "--reason", "用途不在共享条件之内")
    everything = json.loads(run("owner", "applications", "list", "--limit", "100", "--json").stdout)
    refused = [row["id"] for row in everything if row["state"] == "refused"]
    assert refused[-2:] == ids[1:]
    limit = str(len(refused))  # as many as there are, though the first application comes before the last of them
    listed = run("owner", "applications", "list", "--state", "refused", "--limit", limit, "--json").stdout
    assert [row["id"] for row in json.loads(listed)] == refused
