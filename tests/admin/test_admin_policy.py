"""`exchange policy`: the files for an OPA server, and that a real one starts with them as the command says."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin.cli import app
from policies.bundle import bundle
from policies.opa_server import opa_server
from tests.policies.conftest import opa as opa
from tests.policies.test_opa_secured import document
from tests.support.opa import opa_running


async def test_opa_starts_with_what_the_command_wrote(
    opa: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXCHANGE_OPA_TOKEN", "secret-token")
    monkeypatch.setenv("EXCHANGE_OPA_URL", "http://localhost:8181")
    command = ["policy", "bundle", str(tmp_path / "policies"), "--data", str(tmp_path / "data")]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 0, said.output
    assert CliRunner().invoke(app, command).output == said.output  # the same key again
    key = tmp_path / "data" / "keys" / "policy" / "signing.pem"
    assert key.stat().st_mode & 0o77 == 0
    words = shlex.split(said.stdout)
    assert words[:3] == ["opa", "run", "--server"]
    async with opa_running(opa, *words[3:]) as url:
        for token in ("secret-token", "another"):
            async with opa_server(url, revision=bundle().digest, token=token, within=10) as remote:
                assert (await remote.decide(document())).allow == (token == "secret-token")


def test_a_key_that_is_none_is_said(tmp_path: Path) -> None:
    key = tmp_path / "data" / "keys" / "policy" / "signing.pem"
    key.parent.mkdir(parents=True)
    key.write_text("no key")
    command = ["policy", "bundle", str(tmp_path / "policies"), "--data", str(tmp_path / "data")]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 1
    assert "does not hold a key" in said.output
