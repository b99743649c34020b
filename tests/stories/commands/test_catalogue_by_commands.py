"""A department, the authority and a consumer do their part of the catalogue with `exchange-client`, on a served exchange."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from data_exchange_client import SigningKey
from tests.support.catalogue.departments import draft
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.processes.client_commands import Run, client_commands
from tests.support.processes.in_thread import serve_here, settings_here


@pytest.fixture
async def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    """Run a command as somebody, in the test's directory, against a department's draft."""
    await delete_rows(database_url)
    settings = settings_here(database_url=database_url, data=tmp_path / "exchange")
    async with start_exchange(settings) as exchange:
        department = await draft(exchange)
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        keys = {"owner": department.owner.steward, "bureau": department.authority, "consumer": consumer.steward}
        for name, key in keys.items():
            SigningKey(bytes(key.signing)).save(settings.data / f"{name}.key")
    with serve_here(settings):
        yield client_commands(settings, tmp_path, monkeypatch)


def test_from_a_draft_to_a_correction(run: Run, tmp_path: Path) -> None:
    (tmp_path / "secrecy.pdf").write_bytes(b"report")
    run("owner", "filings", "consent", "degrees", code=1)
    run("owner", "filings", "assess", "degrees", "--secrecy-assessment", "secrecy.pdf")
    run("owner", "filings", "consent", "degrees")
    assert "filed" in run("owner", "filings", "file", "degrees").stdout
    [filing] = json.loads(run("bureau", "filings", "list", "--state", "filed", "--json").stdout)
    assert "returned" in run("bureau", "filings", "return", filing["id"], "--reason", "使用条件不明确").stdout
    for words in (
        ("assess", "degrees", "--secrecy-assessment", "secrecy.pdf"),
        ("consent", "degrees"),
        ("file", "degrees"),
    ):
        run("owner", "filings", *words)
    run("owner", "filings", "publish", filing["id"], code=1)
    assert "published" in run("bureau", "filings", "publish", filing["id"]).stdout

    asked = ("--purpose", "talent-service", "--field", "name", "--basis", "x", "--scenario", "x", "--scope", "x")
    run("consumer", "apply", "owner/degrees", *asked, "--until", "2099-01-01")
    [application] = json.loads(run("owner", "applications", "list", "--json").stdout)
    run("owner", "applications", "approve", application["id"])
    [agreement] = json.loads(run("consumer", "agreements", "list", "--json").stdout)
    filed = ("corrections", "file", agreement["id"], "--field", "name", "--statement", "姓名有误", "--people")
    run("consumer", *filed, stdin="P1\n")
    [correction] = json.loads(run("owner", "corrections", "list", "--json").stdout)
    refused = run("owner", "corrections", "correct", correction["id"], "--statement", "已更正", code=1)
    assert "upload the corrected file" in refused.stderr
    confirmed = run("owner", "corrections", "confirm", correction["id"], "--statement", "与档案一致").stdout
    assert "confirmed_accurate" in confirmed
    assert "settled" in run("consumer", "corrections", "settle", correction["id"], "--statement", "同意").stdout
    assert correction["id"] in run("consumer", "corrections", "list", "--state", "settled").stdout

    run("consumer", *filed, stdin="P1\n")
    [disputed] = json.loads(run("owner", "corrections", "list", "--state", "filed", "--json").stdout)
    assert "P1" in run("owner", "corrections", "show", disputed["id"]).stdout
    run("owner", "corrections", "confirm", disputed["id"], "--statement", "与档案一致")
    assert "disputed" in run("consumer", "corrections", "dispute", disputed["id"], "--statement", "不同意").stdout
    run("consumer", *filed, stdin="P2\n")
    [withdrawn] = json.loads(run("owner", "corrections", "list", "--state", "filed", "--json").stdout)
    assert "withdrawn" in run("consumer", "corrections", "withdraw", withdrawn["id"], "--statement", "误报").stdout

    unread = ("messages", "list", "--unread", "--json")
    told = {who: [row["id"] for row in json.loads(run(who, *unread).stdout)] for who in ("owner", "consumer")}
    assert any(told.values())
    for who, ids in told.items():
        if ids:
            assert ids[0] in run(who, "messages", "list").stdout
            assert ids[0] in run(who, "messages", "read", *ids).stdout
        assert json.loads(run(who, *unread).stdout) == []
    assert "duty" in run("owner", "duties").stdout
