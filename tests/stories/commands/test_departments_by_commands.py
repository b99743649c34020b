"""Two departments and the authority do their duties with `exchange-client`, on a served exchange."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_exchange_client import SigningKey
from exchange.settings import Settings
from tests.support.exchanges.starting import delete_rows
from tests.support.processes.client_commands import Run, client_commands
from tests.support.processes.in_thread import serve_here, settings_here
from tests.support.sharing.departments import start_departments

ASKED = ("--basis", "x", "--scenario", "核验", "--until", "2099-12-31")


@pytest.fixture(scope="module")
async def served(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """A served exchange with an owner, a demander and the authority; their keys are in the data directory."""
    await delete_rows(database_url)
    settings = settings_here(database_url=database_url, data=tmp_path_factory.mktemp("exchange"))
    async with start_departments(settings, at=datetime.now(UTC)) as exchange:
        for name in ("owner", "demander", "authority"):
            SigningKey(bytes(exchange.key_of(name).signing)).save(settings.data / f"{name}.key")
    with serve_here(settings):
        yield settings


@pytest.fixture
def run(served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return client_commands(served, tmp_path, monkeypatch)


def test_an_agreement_is_recorded_about_and_asked_to_change(run: Run, tmp_path: Path) -> None:
    asked = ("--purpose", "talent-service", "--field", "code", "--scope", "本年度", *ASKED, "--json")
    application = json.loads(run("demander", "apply", "owner/codes", *asked).stdout)
    run("demander", "applications", "consent", application["id"])
    approved = json.loads(run("owner", "applications", "approve", application["id"], "--json").stdout)
    agreement = approved["agreement"]["id"]

    scope = ("agreements", "scope", agreement, "--scope", "近两年度", *ASKED, "--json")
    amending = json.loads(run("demander", *scope).stdout)
    assert (amending["amends"], amending["fields"], amending["purpose"]) == (agreement, ["code"], "talent-service")
    assert "fields/0" in run("demander", *scope, "--field", "absent", code=1).stderr

    assert "denied" in run("demander", "agreements", "reshare", agreement, "某区", "--reason", "联合办理").stdout
    use = ("--scenario", "a", "--process", "b", "--effect", "c", "--storage", "d", "--destruction", "e")
    run("demander", "agreements", "usage", agreement, *use)
    recorded = json.loads(run("owner", "agreements", "records", agreement, "--json").stdout)
    assert [row["type"] for row in recorded] == ["agreement.resharing_denied", "agreement.usage_recorded"]
    assert "agreement.usage_recorded" in run("owner", "agreements", "records", agreement).stdout

    run("owner", "agreements", "terminate", agreement, "--reason", "到期", "--consultation", "双方协商一致")
    (tmp_path / "log.txt").write_text("wiped")
    dispose = ("agreements", "dispose", agreement, "--statement", "已删除", "--evidence")
    assert "cannot be" in run("demander", *dispose, "absent.txt", code=1).stderr
    assert "agreement.disposed" in run("demander", *dispose, "log.txt").stdout


def test_data_is_provided_later_and_its_stop_is_announced(run: Run) -> None:
    asked = ("--purpose", "talent-service", "--field", "code", "--scope", "本年度", *ASKED, "--json")
    application = json.loads(run("demander", "apply", "owner/codes", *asked).stdout)
    run("demander", "applications", "consent", application["id"])
    approved = json.loads(run("owner", "applications", "approve", application["id"], "--later", "--json").stdout)
    agreement = approved["agreement"]["id"]
    assert approved["agreement"]["state"] == "provisioning"
    assert "active" in run("owner", "agreements", "activate", agreement, "--reason", "已接入").stdout
    stop = ("notices", "announce", "codes", "stop", "--reason", "系统下线", "--agreement", agreement, "--on")
    assert "earliest" in run("owner", *stop, "2026-01-05", code=1).stderr
    run("owner", *stop, "2099-12-31")
    [notice] = json.loads(run("demander", "notices", "list", "--state", "announced", "--json").stdout)
    assert notice["agreements"] == [agreement]
    consulted = ("--statement", "已协商", "--filing", "备案〔2026〕3号")
    assert "consulted" in run("owner", "notices", "consult", notice["id"], *consulted).stdout
    assert "系统下线" in run("demander", "notices", "show", notice["id"]).stdout
    assert "day_of_the_notice" in run("owner", "notices", "carry-out", notice["id"], "--reason", "x", code=1).stderr
    assert "withdrawn" in run("owner", "notices", "withdraw", notice["id"], "--reason", "暂缓").stdout
    assert "stopped_or_changed_unannounced" in run("owner", "duties", "--liability").stdout


def test_webhooks_and_lineage_are_seen_by_commands(run: Run) -> None:
    assert "not public" in run("owner", "webhooks", "register", "https://127.0.0.1/x", code=1).stderr
    assert run("owner", "webhooks", "list", "--json").stdout.strip() == "[]"
    run("owner", "webhooks", "resume", "01930b2e-6f1a-7000-8000-000000000001", code=1)
    run("owner", "webhooks", "remove", "01930b2e-6f1a-7000-8000-000000000001", code=1)
    graph = json.loads(run("owner", "lineage", "codes", "--json").stdout)
    assert ([node["name"] for node in graph["nodes"]], graph["edges"]) == (["owner/codes"], [])


def test_a_department_asks_a_higher_level_for_data_of_its_region(run: Run) -> None:
    asked = ("--purpose", "talent-service", "--field", "code", "--scope", "本市", *ASKED, "--return-flow", "--json")
    assert json.loads(run("demander", "apply", "owner/codes", *asked).stdout)["is_return_flow"]


def test_a_change_of_law_makes_an_update_due_which_the_authority_extends(run: Run) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    stated = ("--document", "浙编〔2026〕12号", "--changed-on", today, "--reason", "新增职责")
    assert "due" in run("owner", "changes", "state", "codes", "duty", *stated).stdout
    [change] = json.loads(run("authority", "changes", "list", "--open", "--json").stdout)
    assert change["document"] == "浙编〔2026〕12号"
    assert change["id"] in run("owner", "changes", "list", "--dataset", "codes").stdout
    run("owner", "changes", "extend", change["id"], "--days", "5", "--consent", "x", code=1)
    extended = run("authority", "changes", "extend", change["id"], "--days", "5", "--consent", "函〔2026〕7号").stdout
    assert "extended" in extended
    assert "extended" in run("owner", "changes", "show", change["id"]).stdout
    assert change["id"] in run("owner", "duties").stdout
    assert "in time" in run("owner", "duties", "--counters").stdout


def test_the_authority_names_the_department_that_provides_an_item(run: Run) -> None:
    found = json.loads(run("demander", "items", "match", "code", "absent", "--json").stdout)
    assert {row["reference"] for row in found[0]["available"]} >= {"owner/codes", "demander/below"}
    assert found[1]["available"] == []
    run("owner", "items", "name", "code", "owner", "--reason", "法定职责", code=1)
    assert "absent" in run("authority", "items", "name", "code", "absent", "--reason", "法定职责", code=2).stderr
    run("authority", "items", "name", "code", "owner", "--reason", "法定职责")
    assert " owner " in run("demander", "items", "list").stdout
    assert "yes" in run("demander", "items", "match", "code").stdout


def test_a_dispute_is_opened_shown_and_listed(run: Run) -> None:
    asked = ("--purpose", "talent-service", "--field", "code", "--scope", "本年度", *ASKED, "--json")
    application = json.loads(run("demander", "apply", "owner/codes", *asked).stdout)
    run("demander", "applications", "consent", application["id"])
    run("owner", "applications", "refuse", application["id"], "--reason", "用途不符")
    disputed = ("application", application["id"], "--statement", "对拒绝有异议")
    dispute = json.loads(run("demander", "disputes", "open", *disputed).stdout)
    assert json.loads(run("owner", "disputes", "show", dispute["id"]).stdout)["state"] == dispute["state"]
    assert dispute["id"] in run("owner", "disputes", "list", "--state", dispute["state"]).stdout
