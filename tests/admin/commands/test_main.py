"""The list of commands: complete, in agreement with the commands themselves, and shown without loading them."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer import Context
from typer.core import TyperGroup

from admin.commands import main
from tests.support.processes.commands import run_in_process

_NEVER_FOR_HELP = {
    "alembic",
    "asyncpg",
    "duckdb",
    "exchange",
    "fastapi",
    "pydantic",
    "pyarrow",
    "sqlalchemy",
    "uvicorn",
}


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_list_has_the_first_line_of_each_commands_help(name: str) -> None:
    group = typer.main.get_command(main.app)
    assert isinstance(group, TyperGroup)
    _, command, _ = group.resolve_command(Context(group), [name])
    assert command is not None
    assert command.help is not None
    assert not any("--install-completion" in parameter.opts for parameter in command.params)
    assert " ".join(command.help.partition("\n\n")[0].split()) == main.COMMANDS[name]


def test_every_module_of_a_command_is_in_the_list() -> None:
    modules = {path.stem for path in Path(main.__file__).parent.rglob("*.py")}
    assert modules - {"__init__", "main", "options"} == set(main.COMMANDS)


def test_help_lists_every_command_and_loads_none() -> None:
    program = "import sys, runpy\nsys.argv = ['exchange', '--help']\n"
    program += "try: runpy.run_module('admin', run_name='__main__')\n"
    program += f"finally: print(sorted({_NEVER_FOR_HELP} & {{name.partition('.')[0] for name in sys.modules}}))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.stdout.rstrip().endswith("[]"), result.stdout + result.stderr
    assert all(f"│ {name} " in result.stdout for name in main.COMMANDS)


def test_an_unknown_command_is_refused_with_what_it_may_have_been() -> None:
    result = run_in_process("servr")
    assert result.status == 2
    assert "Did you mean 'serve'" in result.err
