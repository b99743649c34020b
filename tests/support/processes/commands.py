"""Runs of our commands, in this process or in one of their own, and their results."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from admin.commands.main import app
from admin.data_directory import DataDirectory
from admin.server.reaching import free_port, running_at
from tests.support.services.tools import program

ROOT = Path(__file__).parents[3]
_SECONDS = 120


@dataclass(frozen=True)
class CommandResult:
    """The result of a command: its exit status and output."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Demonstration:
    """A finished demonstration: its directory, its output, and the processes and files that it left behind."""

    directory: Path
    out: str
    left: list[str]


def command(*arguments: str | Path) -> list[str]:
    """The command `exchange`."""
    return [sys.executable, "-m", "admin", *(str(argument) for argument in arguments)]


def environment(**more: str) -> dict[str, str]:
    """The environment of this process without the variables of an exchange."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    return {**inherited, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **more}


def run_in_process(
    *arguments: str | Path, answer: str = "", environment: Mapping[str, str] | None = None
) -> CommandResult:
    """Run `exchange` to its end in this process, which saves the seconds that a new process takes to begin."""
    result = CliRunner(env=environment).invoke(app, [str(argument) for argument in arguments], input=answer)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return CommandResult(result.exit_code, result.stdout, result.stderr)


def run(*arguments: str | Path, answer: str = "", **variables: str) -> CommandResult:
    """Run `exchange` to its end in a process of its own, and check that it shows no traceback."""
    return _finish(command(*arguments), answer, **variables)


def run_ledger(*arguments: str | Path) -> CommandResult:
    """Run the auditor's command `ledger`."""
    return _finish([sys.executable, "-m", "ledger", *(str(argument) for argument in arguments)])


def _finish(line: list[str], answer: str = "", **variables: str) -> CommandResult:
    result = subprocess.run(
        line,
        env=environment(**variables),
        input=answer,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return CommandResult(result.returncode, result.stdout, result.stderr)


def start(*arguments: str | Path, **variables: str) -> "subprocess.Popen[str]":
    """Start `exchange` in a process of its own, with a pipe to its input."""
    return subprocess.Popen(
        command(*arguments),
        env=environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(data: Path, *more: str, **variables: str) -> Iterator[str]:
    """Serve an exchange by its command until the block ends, which has to end well; yields the URL."""
    port = free_port()
    process = subprocess.Popen(
        command("serve", "--data", data, "--port", str(port), *more),
        env=environment(**variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    directory = DataDirectory(data)
    try:
        wait_until(lambda: process.poll() is not None or running_at(directory), what="the server is ready")
        yield f"http://localhost:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def wait_until(holds: Callable[[], object], *, what: str, seconds: float = 60) -> None:
    """Wait until a condition holds that another process brings about."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.05)


def list_processes(directory: Path) -> list[str]:
    """The command lines of the processes that run on a directory."""
    listed = subprocess.run([program("ps"), "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(directory) in line]
