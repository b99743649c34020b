"""Profiles: an option or the environment wins over them, and what they do not have is an error with the file's name."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from data_exchange_client.commands.main import app
from data_exchange_client.errors import CannotDo
from data_exchange_client.terminal.profile import profile_file, read_profile


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = profile_file()
    path.parent.mkdir()
    assert path.is_relative_to(tmp_path)
    return path


def run(*words: str, **environment: str) -> Any:
    return CliRunner(env=environment).invoke(app, words)


def test_a_profile_names_the_exchange_and_the_key(exchange: Any, key: Any, profiles: Path, tmp_path: Path) -> None:
    key.save(profiles.parent / "steward.pem")
    text = f'url = "{exchange.url}"\ntrust = "{tmp_path}/trust.json"\n[me]\nkey = "steward.pem"\n'
    profiles.write_text(text, encoding="utf-8")
    result = run("--profile", "me", "whoami")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"handle": "platform"}
    assert run("whoami", EXCHANGE_PROFILE="me").exit_code == 0
    assert run("whoami").exit_code == 2  # without the profile there is no key
    unreachable = run("--profile", "me", "whoami", "--url", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1" in unreachable.stderr
    by_environment = run("--profile", "me", "whoami", EXCHANGE_KEY="absent.key")
    assert "absent.key cannot be read" in by_environment.stderr
    nested = run("--profile", "me", "agreements", "list", "--url", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1" in nested.stderr  # the key of the profile was found


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("url = 1\n", None, "url is no text"),
        ('uri = "x"\n', None, "uri is no text of a profile"),
        ("url = \n", None, "cannot be read"),
        ('[a]\nurl = "x"\n', "b", "has no profile b"),
    ],
)
def test_a_fault_of_a_profile_is_named(profiles: Path, text: str, name: str | None, words: str) -> None:
    profiles.write_text(text, encoding="utf-8")
    with pytest.raises(CannotDo, match=words) as refused:
        read_profile(profiles, name)
    assert str(profiles) in str(refused.value)


def test_without_a_file_there_are_no_profiles(profiles: Path) -> None:
    assert read_profile(profiles, None) == {}
    with pytest.raises(CannotDo, match="no profile me"):
        read_profile(profiles, "me")
