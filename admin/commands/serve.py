"""`exchange serve`: serve the exchange of a data directory."""

from typing import Annotated

import typer

from admin import data_directory, output
from admin.commands.options import Data
from admin.server import metrics, reaching, serving
from admin.terminal import reporting_failures

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = reaching.LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="How many processes answer.")] = 1,
    data: Data = None,
    *,
    accept_changes: Annotated[
        bool,
        typer.Option(
            "--accept-changes", help="Serve with weaker settings than before: no witnesses, another anchor, …"
        ),
    ] = False,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
    for_a_command: Annotated[bool, typer.Option("--for-a-command", hidden=True)] = False,
) -> None:
    """Serve the exchange until Ctrl-C."""
    with reporting_failures():
        directory = data_directory.locate(data)
        if for_a_command:  # whose process holds the lock, and chose the settings
            with serving.checked(directory.new_settings(), directory, host=host, port=port):
                serving.run(host=host, port=port, workers=1, until_stdin_closes=True)
            return
        with serving.prepare(directory, host=host, port=port, accept_changes=accept_changes) as settings:
            if not until_stdin_closes:
                output.show_serving(directory, settings.public_url, workers=workers)
            with metrics.served(settings.data, settings.metrics_host, settings.metrics_port):
                serving.run(host=host, port=port, workers=workers, until_stdin_closes=until_stdin_closes)
