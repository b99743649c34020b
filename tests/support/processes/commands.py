"""The operator's command as it is typed, and what can be seen of it from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from admin.commands.main import app
from tests.support.services.tools import program

ROOT = Path(__file__).parents[3]
_SECONDS = 120


@dataclass(frozen=True)
class Ran:
    """A command that came to its end."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Demonstration:
    """A demonstration that has ended: its directory, its output, and what still ran or pretended to run then."""

    directory: Path
    out: str
    left: list[str]


def command(*arguments: str | Path) -> list[str]:
    """The command `exchange`."""
    return [sys.executable, "-m", "admin", *(str(one) for one in arguments)]


def environment(**more: str) -> dict[str, str]:
    """An environment that says nothing about another exchange."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **more}


def typed(*arguments: str | Path, answer: str = "", environment: Mapping[str, str] | None = None) -> Ran:
    """Run it to its end in this process: the same command, without the seconds a new process takes to begin."""
    result = CliRunner(env=environment).invoke(app, [str(one) for one in arguments], input=answer)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def run(*arguments: str | Path) -> Ran:
    """Run it to its end in a process of its own; it never shows a traceback."""
    return _finish(command(*arguments))


def ledger(*arguments: str | Path) -> Ran:
    """Run the auditor's command."""
    return _finish([sys.executable, "-m", "ledger", *(str(one) for one in arguments)])


def _finish(line: list[str]) -> Ran:
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def until(holds: Callable[[], object], *, what: str, seconds: float = 60) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.05)


def processes_of(directory: Path) -> list[str]:
    """What runs on a directory."""
    listed = subprocess.run([program("ps"), "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(directory) in line]
