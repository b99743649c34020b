"""`exchange health`: the state of an exchange, for its operator and for monitoring."""

import json
from typing import Annotated

import typer

from admin import data_directory, database, output
from admin.commands.options import Data
from admin.server import reaching
from admin.terminal import reporting_failures
from exchange.kernel.database import FAILURES
from exchange.kernel.embedded import DatabaseNotStarted

app = typer.Typer(add_completion=False)


@app.command()
def health(
    data: Data = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document, for programs.")] = False,
) -> None:
    """Show the state of an exchange: its server, its database, its ledger.

    Exit status 1 where one of them needs care.
    """
    with reporting_failures():
        directory = data_directory.locate(data)
        settings = directory.settings()
        reached = reaching.find_running(directory)
        url = reached.url if reached else None
        alarms = reaching.read_alarms(reached) if reached else ()
        try:
            with database.running(settings) as address:
                state = database.read_state(address, settings)
        except (DatabaseNotStarted, *FAILURES) as error:
            if not as_json:
                raise
            print(json.dumps(output.no_database_document(directory, url, error), ensure_ascii=False))
            raise typer.Exit(1) from error
        is_alarmed = any(not line.startswith("warning: ") for line in alarms)
        is_well = url is not None and state.is_current and not state.not_continued and not is_alarmed
        if as_json:
            document = output.health_document(directory, url, state, is_well=is_well, alarms=alarms)
            print(json.dumps(document, ensure_ascii=False))
        else:
            output.show_health(directory, url, state, alarms=alarms)
        if not is_well:
            raise typer.Exit(1)
