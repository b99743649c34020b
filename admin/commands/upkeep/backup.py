"""`exchange backup`: a backup of the database and the files, of one moment, and a mirror of the keys."""

from pathlib import Path
from typing import Annotated

import typer

from admin import data_directory, output
from admin.backup import files, taking
from admin.commands.options import Data
from admin.terminal import console, reporting_failures

app = typer.Typer(add_completion=False)


@app.command()
def backup(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new directory for the backup.")],
    keys: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The mirror of the keys, on another medium; one directory for all backups."),
    ] = None,
    data: Data = None,
) -> None:
    """Back up the exchange while it is served or not: database, snapshots, settings; with --keys its keys, apart."""
    with reporting_failures():
        home = data_directory.locate(data)
        manifest = taking.take(home, directory, keys=keys)
        out = console()
        out.print(f"The backup is in {directory}.", style="bold", soft_wrap=True)
        rows = [("ledger", f"{manifest.origin}, {manifest.size} entries"), ("files", str(len(manifest.digests)))]
        rows.append(
            ("keys", f"mirrored in {keys}" if keys else "NOT BACKED UP: without --keys nothing can be restored")
        )
        if others := files.left_out(home.path):
            rows.append(("not in it", f"{', '.join(others)}: back these up yourself"))
        out.print(output.facts(rows))
        out.print("The anchor is not in it, and must not be: it knows what is signed after this backup.")
