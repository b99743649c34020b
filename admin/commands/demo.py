"""`exchange demo`: run the demonstration."""

from pathlib import Path
from typing import Annotated

import typer

from admin.commands.options import Yes
from admin.demo.earlier import STANDARD
from admin.demo.materials import OwnFiles
from admin.demo.run import run_demo
from admin.terminal import reporting_failures

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the server stays with --keep.")] = 8000,
    people: Annotated[Path | None, typer.Option(help="Records of people for human resources to publish.")] = None,
    universities: Annotated[Path | None, typer.Option(help="A list of universities for education to publish.")] = None,
    areas: Annotated[Path | None, typer.Option(help="A CSV file of areas for civil affairs' own database.")] = None,
    directory: Annotated[
        Path,
        typer.Option(
            help="The directory for its files; those of an earlier run are replaced unless something was added."
        ),
    ] = STANDARD,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up what was added to an earlier run, once you confirm.")
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Leave the server running at the end, until Ctrl-C; a run with additions is served as it is."
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Run the main job from beginning to end on a real server: publish, apply, grant, fetch, refuse, audit."""
    with reporting_failures():
        run_demo(directory, OwnFiles(people, universities, areas), keep=keep, port=port, replace=replace, yes=yes)
