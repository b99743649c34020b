"""The commands that pages show exist, with the options they show; the Python they show fits the library."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer import Context
from typer.core import TyperGroup

import admin.commands.main
import data_exchange_client.commands.main
import ledger.cli

ROOT = Path(__file__).parents[2]
NAMES = [str(path.relative_to(ROOT)) for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])]
PROGRAMS: dict[str, Any] = {
    "exchange": typer.main.get_command(admin.commands.main.app),
    "exchange-client": typer.main.get_command(data_exchange_client.commands.main.app),
    "ledger": typer.main.get_command(ledger.cli.app),
}
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def commands_in(text: str) -> list[list[str]]:
    """The commands of ours in a page's shell examples and in its running text."""
    lines = [line for kind, code in _FENCE.findall(text) if kind == "sh" for line in code.splitlines()]
    lines += re.findall(r"`((?:exchange|exchange-client|ledger) [^`]+)`", _FENCE.sub("", text).replace("\n", " "))
    ours = re.compile(r"(?:[A-Z_]+=\S+ )*((?:exchange|exchange-client|ledger) .+)")
    return [shlex.split(match[1].replace("…", ""), comments=True) for line in lines if (match := ours.match(line))]


def fault(words: list[str]) -> str | None:
    """The fault of a command; None if it is valid."""
    command = PROGRAMS[words[0]]
    arguments = words[1:]
    while isinstance(command, TyperGroup):
        if not arguments:
            return None  # a group, as running text names it
        if arguments[0] not in command.commands:
            return f"no command {arguments[:1]}"
        _, command, arguments = command.resolve_command(Context(command), arguments)
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    unknown = [word for word in arguments if word.startswith("-") and word not in known]
    return f"no option {unknown}" if unknown else None


@pytest.mark.parametrize("name", NAMES)
def test_commands_on_pages_exist(name: str) -> None:
    commands = commands_in((ROOT / name).read_text(encoding="utf-8"))
    assert [(words, wrong) for words in commands if (wrong := fault(words))] == []


def test_the_check_would_notice() -> None:
    assert fault(["ledger", "verify", "DIR"]) is None
    assert fault(["ledger", "verify", "DIR", "--thorough"])
    assert fault(["ledger", "trust", "DIR"])
    assert len(commands_in((ROOT / "README.md").read_text(encoding="utf-8"))) > 8


@pytest.mark.endurance
def test_the_python_fits_the_library(tmp_path: Path) -> None:
    scripts = []
    for name in NAMES:
        blocks = [code for kind, code in _FENCE.findall((ROOT / name).read_text(encoding="utf-8")) if kind == "python"]
        if blocks:
            scripts.append(tmp_path / f"{re.sub(r'[^a-z]', '_', name.lower())}.py")
            scripts[-1].write_text("\n".join(blocks), encoding="utf-8")
    assert len(scripts) >= 3
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--no-strict-optional",
        "--cache-dir",
        str(tmp_path / "cache"),
        *map(str, scripts),
    ]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
