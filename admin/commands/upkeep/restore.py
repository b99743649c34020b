"""`exchange restore`: a backup into a new data directory and an empty database."""

from pathlib import Path
from typing import Annotated

import typer

from admin import data_directory, output
from admin.backup import restoring
from admin.commands.options import Data
from admin.terminal import console, reporting_failures

app = typer.Typer(add_completion=False)


@app.command()
def restore(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The directory of the backup.")],
    keys: Annotated[Path, typer.Option(metavar="DIR", help="The mirror of the keys.")],
    data: Data = None,
) -> None:
    """Restore a backup into a new data directory and an empty database, and show how the ledger goes on."""
    with reporting_failures():
        target = data_directory.choose(data)
        restored = restoring.restore(directory, target, keys=keys)
        out = console()
        out.print(f"The backup of {restored.manifest.at} is restored in {target.path}.", style="bold", soft_wrap=True)
        out.print(output.facts([("ledger", f"{restored.manifest.origin}, {restored.manifest.size} entries")]))
        out.print(restoring.next_step(restored, target.new_settings()), soft_wrap=True)
