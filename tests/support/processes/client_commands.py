"""Runs of `exchange-client` in this process, each as one of several people whose keys are in a directory."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from typer.testing import CliRunner

from data_exchange_client.commands.main import app
from exchange.settings import Settings

Run: TypeAlias = Callable[..., Any]
"""Runs a command as somebody: `run(person, *words, code=0, stdin=None)`; `code` is the exit status it has to have."""


def client_commands(served: Settings, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands in a directory, against a served exchange whose data directory has a key file `<person>.key` of each."""
    for key_file in served.data.glob("*.key"):
        shutil.copy(key_file, directory)
    monkeypatch.chdir(directory)
    monkeypatch.setenv("EXCHANGE_URL", served.public_url)
    monkeypatch.setenv("COLUMNS", "250")

    def run(person: str, *words: str, code: int = 0, stdin: str | None = None) -> Any:
        result = CliRunner(env={"EXCHANGE_KEY": f"{person}.key"}).invoke(app, words, input=stdin)
        assert result.exit_code == code, result.output
        return result

    return run
