"""The command `exchange`: the list of its commands, each of which loads only when it is run.

Loading every command takes two seconds, for a server, two databases and a policy engine. The list holds what
`exchange --help` shows, so that it loads none of them.
"""

import importlib
import signal
import sys
from types import FrameType
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from admin.loading import interruptible_loading

COMMANDS = {
    "init": (
        "Found an exchange: its database, its ledger, and the keys of its three administrators. There is no password."
    ),
    "serve": "Serve the exchange until Ctrl-C.",
    "health": "Show the state of an exchange: its server, its database, its ledger.",
    "backup": (
        "Back up the exchange while it is served or not: database, snapshots, settings; with --keys its keys, apart."
    ),
    "restore": "Restore a backup into a new data directory and an empty database, and show how the ledger goes on.",
    "settings": "Show every setting with its origin, or write the settings file.",
    "database": "Bring the database up to date, or check the migrations.",
    "join": "Let an organisation join: register and admit it, and make the keys of its first members and its system.",
    "publish": (
        "Publish a file of your own: see what is in it and what its masks leave, confirm, and it is in the catalogue."
    ),
    "policy": "Explain a decision before it is made; check an owner's module; write the policy for an OPA server.",
    "audit": "Make decisions on the ledger again.",
    "calendar": "Show and load the calendar of working days, and the numbers that deadlines count with.",
    "jobs": "List background jobs; retry or discard those that failed.",
    "work": "Work on background jobs, beside or instead of the server's processes, until Ctrl-C.",
    "ledger": "Continue a ledger after a restore; restore its anchor; rebuild its index.",
    "keys": "Rotate the exchange's own keys.",
    "hold": "Place and lift legal holds, which keep a person's details from erasure.",
    "erase": "Erase a person: destroy their key, and with it all that is sealed about them, for good.",
    "demo": "Run the main job from beginning to end on a real server: publish, apply, grant, fetch, refuse, audit.",
}
"""Each command with the first line of its help. Its module is `admin.commands.<name>`, or that of `_MODULES`; the command is
its `app`.
"""
_MODULES = {
    **{name: f"upkeep.{name}" for name in ("settings", "backup", "restore", "jobs", "work")},
    **{name: f"people.{name}" for name in ("erase", "hold")},
}
"""The modules of commands that are in folders."""


class LazyGroup(TyperGroup):
    """The commands above, of which a help page needs the names and first lines only."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands.update({name: TyperCommand(name, help=text) for name, text in COMMANDS.items()})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the arguments begin with, loaded, and the arguments after it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else _load(name), rest


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def exchange() -> None:
    """Run a data exchange: found it, serve it, let organisations join and publish, and look after its ledger.

    Exit status: 0 when done, 1 when it could not be done, 2 when the command was used wrongly.
    """


def _load(name: str) -> Any:
    """A command, ready to run. Ends the process where the server's libraries are not installed."""
    try:
        with interruptible_loading():
            module = importlib.import_module(f"admin.commands.{_MODULES.get(name, name)}")
    except ModuleNotFoundError as error:
        sys.exit(
            f"error: `exchange` needs the server's libraries, and {error.name} is missing: install the same wheel again with "
            "its extra: pip install 'FILE.whl[server]'\n"
            "       a consuming system's command is exchange-client, an auditor's is ledger"
        )
    return typer.main.get_command(module.app)


def main() -> None:
    """Run the command. SIGTERM raises SystemExit, so that what was started is ended on the way out."""
    signal.signal(signal.SIGTERM, _leave)
    app()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)
