"""`exchange demo` as typed."""

from pathlib import Path
from typing import Annotated

import typer

from admin.demo import story
from admin.demo.materials import Brought
from admin.terminal import told


def demo_command(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the server running at the end, until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the server stays with --keep.")] = 8000,
    people: Annotated[Path | None, typer.Option(help="Records of people for human resources to publish.")] = None,
    universities: Annotated[Path | None, typer.Option(help="A list of universities for education to publish.")] = None,
    areas: Annotated[Path | None, typer.Option(help="A CSV file of areas for civil affairs' own database.")] = None,
    directory: Annotated[
        Path, typer.Option(help="Where it all lies; what an earlier run left there is replaced.")
    ] = Path("build/demo"),
) -> None:
    """Tell the main job from beginning to end, on a real server: publish, apply, grant, fetch, refuse, audit."""
    with told():
        story.tell(directory, Brought(people, universities, areas), keep=keep, port=port)
