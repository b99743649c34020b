"""`exchange work`: work on background jobs in a process of its own."""

import typer

from admin import data_directory
from admin.commands.options import Data
from admin.server import working
from admin.terminal import reporting_failures

app = typer.Typer(add_completion=False)


@app.command()
def work(data: Data = None) -> None:
    """Work on background jobs, beside or instead of the server's processes, until Ctrl-C."""
    with reporting_failures():
        status = working.run(data_directory.locate(data))
    raise typer.Exit(status)
