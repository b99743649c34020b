"""`exchange serve`: serve the exchange of a data directory."""

from typing import Annotated

import typer

from admin import data_directory, output
from admin.commands.options import Data
from admin.server import reaching, serving
from admin.terminal import reporting_failures

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = reaching.LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="How many processes answer.")] = 1,
    data: Data = None,
    *,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> None:
    """Serve the exchange until Ctrl-C."""
    with reporting_failures():
        directory = data_directory.locate(data)
        with serving.prepare(directory, host=host, port=port) as settings:
            if not until_stdin_closes:
                output.show_serving(directory, settings.public_url, workers=workers)
            serving.run(host=host, port=port, workers=workers, until_stdin_closes=until_stdin_closes)
