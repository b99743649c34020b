"""`exchange health`: the state of an exchange, for its operator and for monitoring."""

import typer

from admin import data_directory, database, output
from admin.commands.options import Data
from admin.server import reaching
from admin.terminal import reporting_failures

app = typer.Typer(add_completion=False)


@app.command()
def health(data: Data = None) -> None:
    """Show the state of an exchange: its server, its database, its ledger.

    Exit status 1 where one of them needs care.
    """
    with reporting_failures():
        directory = data_directory.locate(data)
        settings = directory.settings()
        url = reaching.running_at(directory)
        with database.running(settings) as address:
            state = database.read_state(address, settings)
        output.show_health(directory, url, state)
        if url is None or not state.is_current or state.not_continued:
            raise typer.Exit(1)
