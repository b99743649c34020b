"""The command, run as an operator runs it, against an exchange on loopback."""

import json

import pytest
from typer.testing import CliRunner

from data_exchange_client import Trust
from data_exchange_client.commands.main import app
from data_exchange_client.keys import SigningKey

PURPOSE = ["--purpose", "talent-service"]


@pytest.fixture
def run(exchange, key, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXCHANGE_URL", exchange.url)
    monkeypatch.setenv("EXCHANGE_KEY", "system.key")
    monkeypatch.setenv("COLUMNS", "200")
    key.save("system.key")

    def run(*words, code=0):
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == code, result.output
        return result

    return run


def test_keygen_makes_a_key_and_prints_what_to_register(run, tmp_path):
    description = json.loads(run("keygen", "new.key").stdout)
    key = SigningKey.load(tmp_path / "new.key")
    assert description == {"keyid": key.keyid, "algorithm": "ed25519", "public_key": key.public_text}
    assert json.loads(run("keyid", "new.key").stdout) == description
    assert "exists" in run("keygen", "new.key", code=1).stderr


def test_whoami_pins_the_exchange_on_first_contact(run, exchange, tmp_path):
    result = run("whoami")
    assert json.loads(result.stdout) == {"handle": "platform"}
    assert "first contact" in result.stderr
    assert Trust.load(tmp_path / "exchange.trust.json") == Trust.parse(exchange.identity())
    assert "first contact" not in run("whoami").stderr


def test_trust_shows_the_identity_and_reports_a_change(run, exchange):
    assert json.loads(run("trust").stdout)["origin"] == "exchange.test/ledger/1"
    exchange.key = SigningKey.generate()
    assert "another identity" in run("trust", code=1).stderr
    error = run("whoami", code=1).stderr
    assert "not pinned" in error
    assert "exchange-client trust --renew" in error
    run("trust", "--renew")
    run("whoami")


def test_catalog_lists_the_datasets(run):
    assert run("catalog").stdout == "hr/talents  人才\n"
    assert json.loads(run("catalog", "--json").stdout)["@graph"]


def test_fetch_writes_to_the_output_or_to_a_file_with_its_evidence(run, exchange, tmp_path):
    result = run("fetch", "hr/talents", *PURPOSE, "--field", "id", "--field", "name", "--limit", 2)
    assert [row["id"] for row in json.loads(result.stdout)["rows"]] == [1, 2]
    assert "ledger entry 0" in result.stderr
    assert "--cursor 2" in result.stderr
    run("fetch", "hr/talents", *PURPOSE, "--format", "csv", "-o", "data.csv", "--evidence", "data.json")
    assert (tmp_path / "data.csv").read_text(encoding="utf-8").startswith("id,name,score,region\n1,")
    result = run("verify", "data.csv", "--evidence", "data.json")
    assert "verified" in result.stdout
    assert "ledger entry 1" in result.stdout
    (tmp_path / "data.csv").write_text("id\n", encoding="utf-8")
    run("verify", "data.csv", "--evidence", "data.json", code=1)
    run("verify", "data.csv", "--evidence", "absent.json", code=1)


def test_fetch_writes_all_pages_as_one_document(run, exchange, tmp_path):
    result = run("fetch", "hr/talents", *PURPOSE, "--all", "--limit", 10)
    document = json.loads(result.stdout)
    assert [row["id"] for row in document["rows"]] == list(range(1, 26))
    assert document["fields"] == ["id", "name", "score", "region"]
    assert result.stderr.count("verified, ledger entry") == 3
    run("fetch", "hr/talents", *PURPOSE, "--all", "--field", "id", "-o", "all.json")
    assert len(json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["rows"]) == 25
    run("fetch", "hr/talents", *PURPOSE, "--all", "--format", "csv", code=2)
    run("fetch", "hr/talents", *PURPOSE, "--all", "--evidence", "evidence.json", code=2)


def test_a_page_that_fails_leaves_no_file(run, exchange, tmp_path):
    def fail_second(path, reply):
        return exchange.problem(403, "agreement-suspended") if len(exchange.leaves) > 1 else reply

    exchange.spoil = fail_second
    run("fetch", "hr/talents", *PURPOSE, "--all", "--limit", 10, "-o", "all.json", code=1)
    assert not (tmp_path / "all.json").exists()


def test_a_file_that_cannot_be_written_is_named_before_anything_is_fetched(run, exchange):
    run("whoami")
    before = len(exchange.requests)
    error = run("fetch", "hr/talents", *PURPOSE, "-o", "absent/data.csv", code=1).stderr
    assert error.startswith("error: a file cannot be written: ")
    assert "absent/data.csv: No such file" in error
    assert len(exchange.requests) == before


def test_filters_are_read_as_they_are_meant(run, exchange):
    where = ["a:eq:7", 'b:eq:"7"', "c:eq:0571", "d:in:1,x,2.5", "e:is_null:true", "f:prefix:a:b", "g:eq:"]
    run("fetch", "hr/talents", *PURPOSE, *[word for text in where for word in ("--where", text)])
    question = json.loads(exchange.requests[-1]["body"])
    assert [(condition["field"], condition["op"], condition["value"]) for condition in question["filters"]] == [
        ("a", "eq", 7),
        ("b", "eq", "7"),
        ("c", "eq", "0571"),
        ("d", "in", [1, "x", 2.5]),
        ("e", "is_null", True),
        ("f", "prefix", "a:b"),
        ("g", "eq", ""),
    ]
    run("fetch", "hr/talents", *PURPOSE, "--where", "a", code=2)
    run("fetch", "hr/talents", *PURPOSE, "--format", "xml", code=2)
    run("fetch", "hr/talents", code=2)


def test_a_refusal_is_printed_with_its_reasons_and_entry(run):
    result = run("fetch", "hr/talents", "--purpose", "curiosity", "-o", "data", code=1)
    for words in ("purpose-not-granted", "Apply for this purpose.", "entry 0"):
        assert words in result.stderr


def test_receipt_verifies_and_keeps_what_proves_the_entry(run, exchange, tmp_path):
    exchange.append(type="delivery.completed")
    result = run("receipt", 0, "-o", "receipts")
    assert json.loads(result.stdout) == {"type": "delivery.completed"}
    assert "checkpoint of size 1" in result.stderr
    assert sorted(path.name for path in (tmp_path / "receipts").iterdir()) == ["0.entry", "0.receipt"]
    run("receipt", 5, "--wait", 0, code=1)


def test_failures_are_messages(run, monkeypatch):
    monkeypatch.setenv("EXCHANGE_URL", "http://127.0.0.1:1")
    for command in (["whoami"], ["catalog"], ["trust"], ["receipt", 0]):
        assert run(*command, code=1).stderr.startswith("error: no answer from http://127.0.0.1:1/")
    monkeypatch.setenv("EXCHANGE_KEY", "absent.key")
    assert "cannot be read" in run("whoami", code=1).stderr


def test_what_cannot_be_sent_is_named_with_what_helps(run, monkeypatch):
    assert "a purpose is a code" in run("fetch", "hr/talents", "--purpose", "人才", code=2).output
    monkeypatch.delenv("EXCHANGE_KEY")
    assert "--principal" in run("prove", "system.key", code=2).output
    monkeypatch.setenv("EXCHANGE_KEY", "system.key")
    assert "http://localhost:1" in run("whoami", "--url", "localhost:1", code=2).output


def test_a_refused_filter_of_a_number_comes_with_how_to_write_text(run, exchange):
    exchange.spoil = lambda path, reply: exchange.problem(422, "filter-invalid") if "deliveries" in path else reply
    error = run("fetch", "hr/talents", *PURPOSE, "--where", "region:eq:330100", code=1).stderr
    assert "--where 'region:eq:\"330100\"'" in error
    assert "hint" not in run("fetch", "hr/talents", *PURPOSE, "--where", "region:eq:x", code=1).stderr
