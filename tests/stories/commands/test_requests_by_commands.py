"""A steward answers what people asked for at the portal, with `exchange-client`, on a served exchange."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from data_exchange_client import SigningKey
from tests.support.exchanges.portal import NUMBER, run_portal
from tests.support.exchanges.starting import delete_rows
from tests.support.processes.client_commands import Run, client_commands
from tests.support.processes.in_thread import serve_here, settings_here


@pytest.fixture
async def run(
    database_url: str, tmp_path: Path, identity_provider: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Run]:
    """Run a command as the owner, to whom a person sent three requests at the portal before."""
    await delete_rows(database_url)
    settings = settings_here(database_url=database_url, data=tmp_path / "exchange")
    async with run_portal(database_url, settings.data, identity_provider) as portal:
        person = await portal.sign_in(f"number:{NUMBER}")
        for kind in ("access", "correct", "delete"):
            sent = await person.request("POST", "/portal/requests", {"kind": kind, "text": f"请求 {kind}"})
            assert sent.status == 201, sent.content
        SigningKey(bytes(portal.owner.steward.signing)).save(settings.data / "owner.key")
    with serve_here(settings):
        yield client_commands(settings, tmp_path, monkeypatch)


def test_requests_are_listed_opened_and_answered(run: Run, tmp_path: Path) -> None:
    rows = json.loads(run("owner", "person-requests", "list", "--state", "received", "--json").stdout)
    ids = {row["kind"]: row["id"] for row in rows}
    assert set(ids) == {"access", "correct", "delete"}
    assert NUMBER not in run("owner", "person-requests", "list").stdout, "a list names nobody"
    opened = run("owner", "person-requests", "read", ids["access"]).stdout
    assert NUMBER in opened
    assert "请求 access" in opened

    (tmp_path / "data.json").write_text('{"name": "陈"}', encoding="utf-8")
    granted = ("person-requests", "grant", ids["access"], "--statement", "见附件", "--document", "data.json")
    assert "granted" in run("owner", *granted).stdout
    refused = ("person-requests", "refuse", ids["correct"], "--reasons", "与登记不符", "--complaint", "省数据局")
    assert "refused" in run("owner", *refused).stdout
    restricted = ("person-requests", "restrict", ids["delete"], "--reasons", "须永久保存", "--law", "档案法 第十四条")
    assert "restricted_storage" in run("owner", *restricted).stdout
    assert run("owner", *refused, code=1).stderr.startswith("refused: ")
    assert json.loads(run("owner", "person-requests", "list", "--state", "received", "--json").stdout) == []
