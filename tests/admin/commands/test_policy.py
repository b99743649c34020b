"""`exchange policy`: a real OPA server starts with the files and the options that the command prints."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin.commands.main import app
from admin.data_directory import DataDirectory
from data_exchange_client.api import Client
from data_exchange_client.keys import SigningKey
from policies.engines.opa_server import open_opa_server
from policies.rego.bundle import load_bundle
from tests.support.owner_modules import OFFICE, TESTS, TEXT
from tests.support.policy_samples import allowed_document
from tests.support.processes.commands import run_in_process
from tests.support.services.opa import run_opa


async def test_opa_starts_with_what_the_command_wrote(
    opa: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXCHANGE_OPA_TOKEN", "secret-token")
    monkeypatch.setenv("EXCHANGE_OPA_URL", "http://localhost:8181")
    command = ["policy", "bundle", str(tmp_path / "policies"), "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert CliRunner().invoke(app, command).output == result.output  # the same key again
    key = tmp_path / "data" / "keys" / "policy" / "signing.pem"
    assert key.stat().st_mode & 0o77 == 0
    words = shlex.split(result.stdout)
    assert words[:5] == ["opa", "run", "--server", "--addr", "localhost:8181"]  # where the exchange asks it
    async with run_opa(opa, *words[5:]) as url:
        for token in ("secret-token", "another"):
            async with open_opa_server(url, revision=load_bundle().digest, token=token, within=10) as remote:
                assert (await remote.decide(allowed_document())).allow == (token == "secret-token")


def test_an_invalid_key_is_reported(tmp_path: Path) -> None:
    key = tmp_path / "data" / "keys" / "policy" / "signing.pem"
    key.parent.mkdir(parents=True)
    key.write_text("no key")
    command = ["policy", "bundle", str(tmp_path / "policies"), "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert "does not hold a key" in result.output


def test_files_that_cannot_be_written_are_no_fault_of_the_database(tmp_path: Path) -> None:
    target = tmp_path / "policies"
    target.write_text("a file", encoding="utf-8")
    result = run_in_process("policy", "bundle", str(target), "--data", str(tmp_path / "data"))
    assert result.status == 1
    assert result.err.startswith("error: a file cannot be used: ")
    assert str(target) in result.err


def test_a_module_is_checked_here(tmp_path: Path) -> None:
    file = tmp_path / "hours.rego"
    file.write_text(TEXT, encoding="utf-8")
    missing = run_in_process("policy", "module", str(file))
    assert (missing.status, "hours_test.rego cannot be read" in missing.err) == (1, True)
    tests = tmp_path / "hours_test.rego"
    tests.write_text(TESTS, encoding="utf-8")
    for options in ((), ("--tests", str(tests))):
        checked = run_in_process("policy", "module", str(file), *options)
        assert checked.out == f"{OFFICE.digest}  3 tests pass; nothing was submitted\n"
    file.write_text(f"{TEXT}x := time.now_ns()\n", encoding="utf-8")
    refused = run_in_process("policy", "module", str(file))
    assert (refused.status, "owner.rego:17: time.now_ns may not be called" in refused.err) == (1, True)
    file.write_bytes(b"\xff")
    assert run_in_process("policy", "module", str(file)).status == 1


def test_explain_shows_the_decision_and_its_reasons(served: tuple[DataDirectory, str]) -> None:
    home, url = served
    key = SigningKey.load(home.key_file("auditor"))
    with Client(url, key, trust=home.trust()) as client:
        agreements = client.request("GET", "/api/v1/agreements").json()
        dataset, consumer = agreements[0]["dataset_id"], agreements[0]["consumer_id"]
        purpose = agreements[0]["purpose"]
        members = client.request("GET", f"/api/v1/organisations/{consumer}/principals").json()
    system = next(member["id"] for member in members if member["kind"] == "system")
    about = ["policy", "explain", "--system", system, "--dataset", dataset, "--data", str(home.path)]
    result = run_in_process(*about, "--purpose", purpose)
    assert result.status == 0, result.err
    assert "delivery.role_held" in result.out
    assert "row_cap: " in result.out
    denied = run_in_process(*about, "--purpose", "another-purpose")
    assert "deny" in denied.out.splitlines()[0]
    assert "purpose-not-granted: " in denied.out
    assert run_in_process(*about, "--purpose", purpose, "--as", "nobody").status == 1
    assert run_in_process(*about, "--purpose", purpose, "--at", "yesterday").status == 1
