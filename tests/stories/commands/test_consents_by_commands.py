"""A steward and a recipient do everything about consents with `exchange-client`, on a served exchange."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from data_exchange_client import Client, SigningKey, Trust
from data_exchange_client import consents as receipts
from exchange.settings import Settings
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.people.consenting import notice_for
from tests.support.processes.client_commands import Run, client_commands
from tests.support.processes.in_thread import serve_here, settings_here

CSV = "person_id,name,city\nP1,陈一,330100\nP2,陈二,330200\n"
PROOF = "cd" * 32
IN_HANGZHOU = {"name": "in-hangzhou", "title": "在杭州", "title_en": "Lives in Hangzhou", "where": "city = 330100"}


@pytest.fixture(scope="module")
async def served(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """A served exchange with a dataset about people, granted to a consumer; the keys are in the data directory."""
    await delete_rows(database_url)
    settings = settings_here(database_url=database_url, data=tmp_path_factory.mktemp("exchange"))
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        source = await exchange.register_file(owner, CSV.encode())
        dataset = await exchange.publish_dataset(owner, source, "people")
        await exchange.conclude_agreement(consumer, owner, dataset)
        source = await exchange.register_file(owner, CSV.encode())
        terms = {"basis": "statutory-duty", "fields": ["person_id"], "answers": [IN_HANGZHOU]}
        answering = await exchange.publish_dataset(owner, source, "residents", terms=terms)
        await exchange.conclude_agreement(consumer, owner, answering)
        keys = {"owner": owner.steward, "consumer": consumer.steward, "system": consumer.system}
        for name, key in keys.items():
            SigningKey(bytes(key.signing)).save(settings.data / f"{name}.key")
    with serve_here(settings):
        yield settings


@pytest.fixture
def run(served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return client_commands(served, tmp_path, monkeypatch)


def test_from_a_notice_to_a_deletion(run: Run, tmp_path: Path) -> None:
    document = notice_for("owner/people", "consumer", fields=["person_id", "name"])
    (tmp_path / "notice.json").write_text(json.dumps(document | {"fields": ["salary"]}), encoding="utf-8")
    assert "salary" in run("owner", "consents", "notice", "people", "--file", "notice.json", code=1).stderr
    (tmp_path / "notice.json").write_text(json.dumps(document), encoding="utf-8")
    run("owner", "consents", "notice", "people", "--file", "notice.json")
    [notice] = json.loads(run("consumer", "consents", "notices", "--json").stdout)

    run("owner", "consents", "ask", notice["id"], stdin="P1\n")
    refused = run("owner", "consents", "record", notice["id"], "given", code=1, stdin="P1\n")
    assert "PIPL 69" in refused.stderr
    (tmp_path / "form.pdf").write_bytes(b"signed")
    proved = ("--method", "paper-signature", "--proof", "form.pdf")
    given = run("owner", "consents", "record", notice["id"], "given", *proved, stdin="P1\n").stdout
    assert "given" in given
    [record] = json.loads(run("owner", "consents", "show", notice["id"], "--json", stdin="P1\n").stdout)

    run("owner", "consents", "receipt", record["id"], "-o", "receipt.json")
    assert "dpv:ConsentGiven" in run("owner", "consents", "verify", "receipt.json").stdout
    kept = json.loads((tmp_path / "receipt.json").read_text(encoding="utf-8"))
    kept["record"]["dpv:hasRecipientThirdParty"]["dpv:hasName"] = "别的单位"
    (tmp_path / "altered.json").write_text(json.dumps(kept), encoding="utf-8")
    run("owner", "consents", "verify", "altered.json", code=1)

    rows = f"person,decision,at,method,proof\nP2,given,2026-05-01T00:00:00Z,window,{PROOF}\nP3,perhaps,,,\n"
    (tmp_path / "decisions.csv").write_text(rows, encoding="utf-8")
    load = ("consents", "load", notice["id"], "decisions.csv")
    loaded = run("owner", *load, "--report", "rejects.csv", code=1)
    assert (tmp_path / "rejects.csv").read_text(encoding="utf-8").startswith("row,reason\n2,")
    identifier = loaded.stdout.split()[1]
    assert "`decision`" in run("owner", "consents", "rejects", identifier).stdout
    assert "row 2: `decision`" in loaded.stderr
    assert "merged" in loaded.stdout
    listed = json.loads(run("owner", "consents", "list", "--state", "given", "--json").stdout)
    other = next(row["id"] for row in listed if row["id"] != record["id"])
    run("owner", "consents", "receipt", other, "-o", "loaded.json")
    run("owner", "consents", "verify", "loaded.json")

    assert "withdrawn" in run("owner", "consents", "withdraw", notice["id"], stdin="P1\n").stdout
    run("consumer", "consents", "list", code=0)
    [deletion] = json.loads(run("consumer", "deletions", "list", "--json").stdout)
    assert json.loads(run("consumer", "deletions", "person", deletion["id"]).stdout)["value"] == "P1"
    how = ("--method", "覆盖删除", "--deleted-at", "2026-05-01T10:00:00+0800", "--proof", "form.pdf")
    assert "evidenced" in run("consumer", "deletions", "evidence", deletion["id"], *how).stdout
    assert deletion["id"] in run("owner", "deletions", "list").stdout

    ended = ("--reason", "用途已结束")
    assert "revoked" in run("owner", "consents", "revoke", other, *ended).stdout
    run("owner", "consents", "invalidate", other, *ended, code=1)
    assert json.loads(run("consumer", "consents", "show-notice", notice["id"]).stdout)["counts"] is None
    run("owner", "consents", "close", notice["id"], *ended)
    assert "closed" in run("owner", "consents", "ask", notice["id"], code=1, stdin="P9\n").stderr


def test_answers_are_asked_for_without_identifiers_among_the_words(run: Run) -> None:
    ask = ("answer", "owner/residents", "--purpose", "talent-service", "--answer", "in-hangzhou")
    assert "standard input" in run("system", *ask, code=2, stdin="").stderr
    given = run("system", *ask, stdin="P1\nP2\n\nP9\n")
    assert [line.split() for line in given.stdout.splitlines()[1:]] == [["1", "yes"], ["2", "no"], ["3", "unknown"]]
    assert "entry" in given.stderr
    answered = json.loads(run("system", *ask, "--json", stdin="P1\n").stdout)["people"]
    assert answered == [{"in-hangzhou": "yes"}]
    assert "whole number" in run("system", *ask, "--integer", code=2, stdin="P1\n").stderr


def test_the_receipt_of_the_newest_of_many_loads_is_found(served: Settings, run: Run, tmp_path: Path) -> None:
    """A search gives 100 entries unless it is asked for more, and a notice with a load a week has as many in two years."""
    document = notice_for("owner/people", "consumer", fields=["person_id", "name"], version="many")
    (tmp_path / "notice.json").write_text(json.dumps(document), encoding="utf-8")
    run("owner", "consents", "notice", "people", "--file", "notice.json")
    notices = json.loads(run("consumer", "consents", "notices", "--json").stdout)
    notice = next(row["id"] for row in notices if row["document"]["version"] == "many")
    trust = Trust.load(tmp_path / "exchange.trust.json")
    with Client(served.public_url, SigningKey.load(tmp_path / "owner.key"), trust=trust) as client:
        for number in range(101):
            rows = f"person,decision,at,method,proof\nL{number},given,2026-05-01T00:00:00Z,window,{PROOF}\n"
            load = client.request("PUT", f"/api/v1/consent-notices/{notice}/decisions", content=rows.encode()).json()
        receipts.wait_for_load(client, load, seconds=60)
    [record] = json.loads(run("owner", "consents", "show", notice, "--json", stdin="L100\n").stdout)
    run("owner", "consents", "receipt", record["id"], "-o", "newest.json")
    assert "dpv:ConsentGiven" in run("owner", "consents", "verify", "newest.json").stdout
